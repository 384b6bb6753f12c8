import type { ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import { endGroup, spawnGroup } from '../stand-in/groups.ts';
import { Capture, type Log, STREAMS, type Stream } from './capture.ts';

/** One run of a command, with plain values. */
export interface Run {
  readonly command: string;
  readonly interpreter?: readonly string[] | null;
  readonly dir?: string | null;
  readonly environment?: Readonly<Record<string, string>> | null;
  readonly stdin?: string | null;
  readonly logging?: string | null;
  readonly addPreviousOutputInEnv?: boolean | null;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

const SHELL = ['/bin/sh', '-c'];

/**
 * Runs the command to its end and returns what it printed, without one trailing newline. A command that fails is an
 * error that names how it ended and shows both streams as they came.
 */
export async function run(run: Run, previous: Output, log: Log, signal: AbortSignal): Promise<Output> {
  const [file = '', ...args] = run.interpreter?.length ? run.interpreter : SHELL;
  const capture = new Capture((stream) => (logs(run, stream) ? log : () => {}));
  const failure = await execute(file, [...args, run.command], run, previous, capture, signal);
  const { stdout, stderr, both } = capture.end();
  if (failure !== undefined) throw new Error(`${failure}: running ${JSON.stringify(run.command)}:\n${both}`);
  return { stdout: withoutNewline(stdout), stderr: withoutNewline(stderr) };
}

/** Runs the command, hands on what it prints, and returns how it failed, if it did. */
function execute(
  file: string,
  args: readonly string[],
  run: Run,
  previous: Output,
  capture: Capture,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawnGroup(file, args, {
      cwd: run.dir ?? process.cwd(),
      env: environment(run, previous),
      stdio: [run.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    for (const stream of STREAMS) child[stream]?.on('data', (chunk: Buffer) => capture.take(stream, chunk));
    feed(child, run.stdin);
    const stop = () => endGroup(child.pid);
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', (error) => resolve(startFailure(error, file, run.dir)));
    child.once('close', (code, name) => {
      signal.removeEventListener('abort', stop);
      resolve(code === 0 ? undefined : code === null ? `signal: ${signalText(name)}` : `exit status ${code}`);
    });
  });
}

// A command need not read its input: a closed pipe is no failure.
function feed(child: ChildProcess, stdin: string | null | undefined): void {
  child.stdin?.on('error', () => {}).end(stdin);
}

function environment(run: Run, previous: Output): NodeJS.ProcessEnv {
  const handed = run.addPreviousOutputInEnv ?? true;
  return {
    ...process.env,
    ...run.environment,
    ...(handed && previous.stdout !== '' && { PULUMI_COMMAND_STDOUT: previous.stdout }),
    ...(handed && previous.stderr !== '' && { PULUMI_COMMAND_STDERR: previous.stderr }),
  };
}

function startFailure(error: Error, file: string, dir: string | null | undefined): string {
  if (dir != null && statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return `chdir ${dir}: no such file or directory`;
  }
  return 'code' in error && error.code === 'ENOENT'
    ? `exec: "${file}": executable file not found in $PATH`
    : error.message;
}

const SIGNAL_TEXT: Readonly<Record<string, string>> = {
  SIGKILL: 'killed',
  SIGTERM: 'terminated',
  SIGINT: 'interrupt',
  SIGHUP: 'hangup',
};
const signalText = (name: string | null): string => SIGNAL_TEXT[name ?? ''] ?? name ?? 'unknown';

const logs = ({ logging }: Run, stream: Stream): boolean =>
  logging == null || logging === stream || logging === 'stdoutAndStderr';

const withoutNewline = (text: string): string => (text.endsWith('\n') ? text.slice(0, -1) : text);
