import type { ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import { endGroup, spawnGroup } from '../stand-in/groups.ts';

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

export type Stream = 'stdout' | 'stderr';

const SHELL = ['/bin/sh', '-c'];

/**
 * Runs the command to its end and returns what it printed, without one trailing newline. A command that fails is an
 * error that names how it ended and shows both streams as they came.
 */
export async function run(
  run: Run,
  previous: Output,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<Output> {
  const [file = '', ...args] = run.interpreter?.length ? run.interpreter : SHELL;
  const ended = await execute(file, [...args, run.command], run, previous, signal);
  for (const stream of ['stdout', 'stderr'] as const) if (logs(run, stream)) lines(ended[stream]).forEach(log);
  if (ended.failure !== undefined)
    throw new Error(`${ended.failure}: running ${JSON.stringify(run.command)}:\n${ended.both}`);
  return { stdout: withoutNewline(ended.stdout), stderr: withoutNewline(ended.stderr) };
}

interface Ended extends Output {
  readonly both: string;
  readonly failure: string | undefined;
}

function execute(
  file: string,
  args: readonly string[],
  run: Run,
  previous: Output,
  signal: AbortSignal,
): Promise<Ended> {
  return new Promise((resolve) => {
    const seen: Readonly<Record<Stream | 'both', Buffer[]>> = { stdout: [], stderr: [], both: [] };
    const end = (failure: string | undefined) => resolve({ ...decode(seen), failure });
    const child = spawnGroup(file, args, {
      cwd: run.dir ?? process.cwd(),
      env: environment(run, previous),
      stdio: [run.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    collect(child, seen);
    feed(child, run.stdin);
    const stop = () => endGroup(child.pid);
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', (error) => end(startFailure(error, file, run.dir)));
    child.once('close', (code, name) => {
      signal.removeEventListener('abort', stop);
      end(code === 0 ? undefined : code === null ? `signal: ${signalText(name)}` : `exit status ${code}`);
    });
  });
}

function collect(child: ChildProcess, seen: Readonly<Record<Stream | 'both', Buffer[]>>): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.on('data', (chunk: Buffer) => {
      seen[stream].push(chunk);
      seen.both.push(chunk);
    });
  }
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

const decode = (seen: Readonly<Record<Stream | 'both', readonly Buffer[]>>) => ({
  stdout: Buffer.concat(seen.stdout).toString(),
  stderr: Buffer.concat(seen.stderr).toString(),
  both: Buffer.concat(seen.both).toString(),
});

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

const lines = (text: string): readonly string[] => (text === '' ? [] : withoutNewline(text).split('\n'));
const withoutNewline = (text: string): string => (text.endsWith('\n') ? text.slice(0, -1) : text);
