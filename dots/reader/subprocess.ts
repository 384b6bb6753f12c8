import { type ChildProcess, spawn } from 'node:child_process';

const LIMIT_BYTES = 64 * 1024;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GroupOptions {
  /** Standard input; none without it. */
  readonly input?: string;
  /** How much it may say on one stream. */
  readonly limitBytes?: number;
}

/**
 * Runs a program to its end. It has a process group of its own, so that whatever it starts ends with it: at the limit, and
 * when a signal ends us.
 *
 * @throws Error when it cannot be started, hangs, or never stops talking
 */
export function runInGroup(
  command: string,
  words: readonly string[],
  folder: string,
  limitMs: number,
  { input, limitBytes = LIMIT_BYTES }: GroupOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...words], {
      cwd: folder,
      detached: true,
      env: { PATH: '/usr/bin:/bin' },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    // It may end before it has read all of it: what it answers then says so.
    child.stdin?.on('error', () => {}).end(input);
    const stop = (reason: string) => {
      killGroup(child);
      reject(new Error(reason));
    };
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
        if (texts[name].length > limitBytes) stop(`more than ${limitBytes} bytes on ${name}`);
      });
    }
    const timer = setTimeout(() => stop(`no answer within ${limitMs} ms`), limitMs);
    const signals = SIGNALS.map((signal) => [signal, () => endWith(child, signal)] as const);
    for (const [signal, end] of signals) process.once(signal, end);
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      for (const [signal, end] of signals) process.removeListener(signal, end);
      resolve({ status, ...texts });
    });
  });
}

/** Our own end is then the signal's own, as if nobody had listened. */
function endWith(child: ChildProcess, signal: (typeof SIGNALS)[number]): void {
  killGroup(child);
  process.kill(process.pid, signal);
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
