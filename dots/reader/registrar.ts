import { type ChildProcess, spawn } from 'node:child_process';
import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import { assertMissingTools, C1_PREFIX, HARDENED_NAME, MOST_NEW } from '../../domain/registrar.ts';

const COMMAND = `./${HARDENED_NAME}`;
const ARGUMENTS = ['--cloud', '--only-prefix', C1_PREFIX, '--dry-run'];
const LIMIT_BYTES = 64 * 1024;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

const registrarAnswer = z.object({
  code: z.literal('OK_READ'),
  readback: z.object({ new: z.int().check(z.minimum(0), z.maximum(MOST_NEW)), files: z.array(z.string()) }),
});

/**
 * Runs the deployed registrar's dry run over everything of C1 and compares what it would register with what is missing
 * (steps.md, W4). A run that fails, hangs or says something else is a stop.
 *
 * @param live codes of the tool rows that are live
 * @param limitMs how long it may take
 * @returns how many things were compared
 * @throws C1Error C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED
 */
export async function assertRegistrar(folder: string, live: ReadonlySet<string>, limitMs: number): Promise<number> {
  const { readback } = parseAnswer(await dryRun(folder, limitMs));
  return assertMissingTools(readback.files, live);
}

function parseAnswer(text: string): z.infer<typeof registrarAnswer> {
  try {
    return registrarAnswer.parse(JSON.parse(text));
  } catch (cause) {
    throw failed('another answer than the list of new files', cause);
  }
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function dryRun(folder: string, limitMs: number): Promise<string> {
  let ended: Ended;
  try {
    ended = await runInGroup(folder, limitMs);
  } catch (cause) {
    throw failed(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (ended.status === 0) return ended.stdout;
  throw failed(ended.stderr.trim() || `exit status ${ended.status}`);
}

/** A process group of its own, so that whatever the bin starts ends with it: at the limit, and when a signal ends us. */
function runInGroup(folder: string, limitMs: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(COMMAND, ARGUMENTS, {
      cwd: folder,
      detached: true,
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stop = (reason: string) => {
      killGroup(child);
      reject(new Error(reason));
    };
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
        if (texts[name].length > LIMIT_BYTES) stop(`more than ${LIMIT_BYTES} bytes on ${name}`);
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

function failed(seen: string, cause?: unknown): C1Error {
  return new C1Error(
    'C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED',
    {
      seen: `the registrar's dry run ended with ${seen}`,
      expected: 'the list of files that it takes for new',
      next: `${HARDENED_NAME} ${ARGUMENTS.join(' ')}, and see why`,
    },
    { cause },
  );
}
