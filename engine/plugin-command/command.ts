import { randomBytes } from 'node:crypto';
import { holdsSecret, type Properties, reveal, secret, UNKNOWN, type Value } from '../stand-in/values.ts';
import { COMMAND_INPUTS } from './inputs.ts';
import { type Output, type Run, run } from './run.ts';

/** Who hears the lines of a running command, and what ends it. */
export interface Surroundings {
  readonly log: (line: string) => Promise<void>;
  readonly signal: AbortSignal;
}

const NOTHING: Output = { stdout: '', stderr: '' };
const ID_BYTES = 4;

export const newId = (name: string): string => `${name}${randomBytes(ID_BYTES).toString('hex')}`;

/** Runs `create`, or nothing where there is none. */
export async function create(inputs: Properties, around: Surroundings): Promise<Properties> {
  return outputs(inputs, await execute(inputs, text(inputs.create), NOTHING, around));
}

/** Runs `update`, or `create` where there is none, or nothing; the previous output is in the environment. */
export async function update(news: Properties, olds: Properties, around: Surroundings): Promise<Properties> {
  const command = text(news.update) ?? text(news.create);
  return outputs(news, await execute(news, command, previousOutput(olds), around));
}

/** Runs `delete` with the inputs that are in the state, never those of today's program. */
export async function destroy(state: Properties, around: Surroundings): Promise<void> {
  await execute(state, text(state.delete), previousOutput(state), around);
}

/** The function: runs each time it is called, in preview too. */
export async function runFunction(args: Properties, around: Surroundings): Promise<Properties> {
  return { ...args, ...(await execute(args, text(args.command), NOTHING, around)) };
}

/** What a preview promises: the inputs as they are, and an output that nobody knows yet. */
export const previewed = (inputs: Properties): Properties => outputs(inputs, { stdout: UNKNOWN, stderr: UNKNOWN });

/** The inputs among the properties of a state. */
export const inputsOf = (state: Properties): Properties =>
  Object.fromEntries(Object.entries(state).filter(([name]) => name in COMMAND_INPUTS));

async function execute(inputs: Properties, command: string | undefined, previous: Output, around: Surroundings) {
  if (command === undefined) return previous;
  let told: Promise<void> = Promise.resolve();
  const log = (line: string) => {
    told = told.then(() => around.log(line));
  };
  try {
    return await run({ ...(reveal({ ...inputs }) as object), command } as Run, previous, log, around.signal);
  } finally {
    await told;
  }
}

// What a command prints may repeat what it was given: a secret input makes the output secret.
function outputs(inputs: Properties, { stdout, stderr }: Output): Properties {
  const mark = Object.values(inputs).some(holdsSecret) ? secret : (value: Value) => value;
  return { ...inputs, stdout: mark(stdout), stderr: mark(stderr) };
}

const previousOutput = (state: Properties): Output => ({
  stdout: text(state.stdout) ?? '',
  stderr: text(state.stderr) ?? '',
});

function text(value: Value | undefined): string | undefined {
  const plain = reveal(value ?? null);
  return typeof plain === 'string' ? plain : undefined;
}
