import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withProgress } from './progress.mjs';

const BEAT_MS = 2_000;
const STALE_MS = 20_000;
const POLL_MS = 200;

/**
 * Runs `work` while holding the lock file; who comes second waits, with progress. The lock of a dead process is taken
 * over: its owner is gone, or has not touched it for a while. The lock saves double work and nothing depends on it,
 * since what is made under it appears by one rename.
 */
export async function withLock(file, what, work) {
  mkdirSync(dirname(file), { recursive: true });
  if (!acquire(file)) await withProgress(`waiting for another process: ${what}`, () => waitFor(file));
  const beat = setInterval(() => touch(file), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(file, { force: true });
  }
}

async function waitFor(file) {
  while (!acquire(file)) {
    if (isStale(file)) rmSync(file, { force: true });
    else await delay(POLL_MS);
  }
}

function acquire(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function isStale(file) {
  try {
    const age = Date.now() - statSync(file).mtimeMs;
    const owner = Number(readFileSync(file, 'utf8'));
    return age > STALE_MS || (owner > 0 && !isAlive(owner));
  } catch {
    return false;
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function touch(file) {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Somebody took the lock over; the work goes on and its result is the same.
  }
}
