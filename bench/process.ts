import { execa } from 'execa';

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment; nothing of ours is added. */
  readonly env?: NodeJS.ProcessEnv;
  /** Standard input; none without it. */
  readonly input?: string;
}

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  /** Both streams as they came. */
  readonly all: string;
}

/** A hung child must not hang the bench; the longest, Ansible, takes about a minute. */
const LIMIT_MS = 300_000;

const interruption = new AbortController();

/** Ends what runs now and whatever would be run next. */
export function interrupt(): void {
  interruption.abort();
}

export function isInterrupted(): boolean {
  return interruption.signal.aborted;
}

/** Runs a program to its end; never rejects for what it answers. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const ended = await execa(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env, extendEnv: false }),
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    reject: false,
    all: true,
    timeout: LIMIT_MS,
    cancelSignal: interruption.signal,
  });
  if (ended.isCanceled) throw new Error('interrupted');
  if (ended.exitCode === undefined) throw new Error(ended.shortMessage);
  return { exitCode: ended.exitCode, stdout: ended.stdout, all: ended.all };
}

/** As `run`, for a program that has to succeed. @throws Error with the last lines that it printed */
export async function runOrThrow(file: string, args: readonly string[], options?: RunOptions): Promise<Ended> {
  const ended = await run(file, args, options);
  if (ended.exitCode === 0) return ended;
  throw new Error(`exit status ${ended.exitCode} of ${[file, ...args].join(' ')}: ${lastLines(ended.all)}`);
}

export function lastLines(output: string): string {
  return output.trim().split('\n').slice(-4).join(' | ').slice(-600);
}
