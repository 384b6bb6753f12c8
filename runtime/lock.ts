import { mkdir } from 'node:fs/promises';
import pRetry from 'p-retry';
import { lock } from 'proper-lockfile';
import { C1Error } from '../domain/codes.ts';
import { errnoOf, inStateFolder, stateFolderError } from './files.ts';
import type { StatePaths } from './paths.ts';
import { type Reporter, withProgress } from './reporter.ts';

const STALE_MS = 5_000;
const WAIT_STEP_MS = 100;
const WAIT_LIMIT_MS = 120_000;

/**
 * Runs `work` alone: a second start, stop or reset of the same state folder waits for the first. A lock whose holder
 * was killed is taken over after five seconds.
 */
export async function withLock<T>(
  paths: StatePaths,
  report: Reporter,
  work: () => Promise<T>,
  waitLimitMs = WAIT_LIMIT_MS,
): Promise<T> {
  await makeStateFolder(paths.state);
  const release = await withProgress(report, 'another c1 runtime command on this folder', () =>
    acquire(paths, waitLimitMs),
  );
  try {
    return await inStateFolder(paths.state, work);
  } finally {
    await release().catch(ignoreLost);
  }
}

/** A machine that slept may have lost its lock to another command; what both do is idempotent. */
function ignoreLost(cause: unknown): void {
  if (!['ERELEASED', 'ENOTACQUIRED'].includes(errnoOf(cause) ?? '')) throw cause;
}

/** Node says "no such file" when it means a read-only file system; whatever it says, the folder is at fault. */
async function makeStateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw stateFolderError(folder, cause);
  });
}

/** Not an error by itself; without this, the lock's own timer would end the process. */
function onCompromised(): void {}

async function acquire(paths: StatePaths, waitLimitMs: number): Promise<() => Promise<void>> {
  const options = { lockfilePath: paths.lock, stale: STALE_MS, update: STALE_MS / 5, retries: 0, onCompromised };
  try {
    return await pRetry(() => lock(paths.state, options), {
      retries: waitLimitMs / WAIT_STEP_MS,
      factor: 1,
      minTimeout: WAIT_STEP_MS,
      shouldRetry: ({ error }) => errnoOf(error) === 'ELOCKED',
    });
  } catch (cause) {
    if (errnoOf(cause) !== 'ELOCKED') throw stateFolderError(paths.state, cause);
    throw new C1Error(
      'ERROR_TIMEOUT',
      { seen: `${paths.lock} held for ${waitLimitMs / 1000} s`, expected: 'the other c1 runtime command to end' },
      { cause },
    );
  }
}
