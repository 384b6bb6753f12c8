import { existsSync } from 'node:fs';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from '../../engine/lock.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('only one works at a time, and the lock is gone afterwards, after a failure too', async () => {
  const file = join(folder, 'lock');
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise(setImmediate);
    inside -= 1;
  };
  await Promise.all([withLock(file, 'one', work), withLock(file, 'two', work), withLock(file, 'three', work)]);
  expect(most).toBe(1);
  const failing = withLock(file, 'fails', () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});

test('a lock that nobody touched for a while is taken over, though its number belongs to a process that lives', async () => {
  const file = join(folder, 'lock');
  await writeFile(file, String(process.pid));
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(file, longAgo, longAgo);
  expect(await withLock(file, 'taken over', async () => 'worked')).toBe('worked');
});

test('the lock of a process that is dead is taken over at once', async () => {
  const file = join(folder, 'lock');
  const { stdout: pid } = await execa('node', ['-p', 'process.pid']);
  await writeFile(file, pid);
  // As if it had been touched in an hour: only its owner's death can tell.
  const later = new Date(Date.now() + 3_600_000);
  await utimes(file, later, later);
  expect(await withLock(file, 'taken over', async () => 'worked')).toBe('worked');
});
