import path from 'node:path';
import { execa } from 'execa';
import { C1Error, isCode } from '../domain/codes.ts';
import { CHECKOUT } from '../runtime/paths.ts';

/** As in Pulumi.yaml. */
export const PROJECT = 'c1';
/** The stack of the embedded runtime. */
export const STACK = 'dryrun';

/** Folder of the policy pack: `c1 plan` and `c1 apply` always go by it (docs/decisions/0020-policy.md). */
export const POLICY_PACK = 'policy';

export interface EngineEnd {
  readonly exitCode: number;
  readonly stdout: string;
  /** Both streams as they came. */
  readonly all: string;
}

export interface EngineOptions {
  readonly input?: string;
  /** Beside the caller's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Hears every line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
  /** Ends the run as SIGTERM does: the engine finishes what it began. */
  readonly signal?: AbortSignal;
}

/** Runs plain pulumi in the checkout, through the launcher that `npx pulumi` is. Never rejects: the exit code tells. */
export async function pulumi(words: readonly string[], options: EngineOptions = {}): Promise<EngineEnd> {
  const launcher = path.join(CHECKOUT, 'engine', 'launcher.mjs');
  const {
    exitCode = -1,
    stdout,
    all,
  } = await execa(process.execPath, [launcher, ...words, '--non-interactive', '--color=never'], {
    cwd: CHECKOUT,
    reject: false,
    all: true,
    stdout: listener(options),
    // Out of reach of a terminal's Ctrl-C: who runs this hands on one signal, and two would make the engine give up.
    detached: true,
    forceKillAfterDelay: false,
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
  });
  return { exitCode, stdout, all };
}

/** Hands every line on as it is. */
function listener({ onLine = () => undefined }: EngineOptions): (line: unknown) => Generator<unknown> {
  return function* hear(line) {
    onLine(String(line));
    yield line;
  };
}

/**
 * As `pulumi`, for a run that has to succeed.
 *
 * @throws C1Error the first registered code that the engine's output names; HOLD_STACK_LOCKED; ERROR_ENGINE_FAILED
 */
export async function pulumiOrThrow(words: readonly string[], options?: EngineOptions): Promise<EngineEnd> {
  const end = await pulumi(words, options);
  if (end.exitCode !== 0) throw engineFailure(end.all, words);
  return end;
}

/** `CODE: seen …, expected …. Next: ….`, wherever the engine and its plugins have put it in their own words. */
const CODE_LINE = /\b([A-Z][A-Z0-9_]+): seen (.*?),? expected (.*?)\. Next: (.*?)\.?$/gm;

export function engineFailure(output: string, words: readonly string[]): C1Error {
  for (const [, code = '', seen = '', expected = '', next = ''] of output.matchAll(CODE_LINE)) {
    if (isCode(code)) return new C1Error(code, { seen, expected, next });
  }
  const command = `npx pulumi ${words.join(' ')}`;
  if (/currently locked by/.test(output)) {
    return new C1Error('HOLD_STACK_LOCKED', { seen: 'a lock on the stack', expected: 'none' });
  }
  const seen = `${command}: ${firstError(output)}`;
  return new C1Error('ERROR_ENGINE_FAILED', { seen, expected: 'exit status 0', next: command });
}

function firstError(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  return (lines.find((line) => /^error:/.test(line)) ?? lines.findLast((line) => line !== '') ?? 'no word').slice(
    0,
    300,
  );
}
