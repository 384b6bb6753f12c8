import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertDead, readLocks } from '../../cli/recover/locks.ts';

let folder: string;
let locks: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1 locks-'));
  locks = join(folder, '.pulumi', 'locks', 'organization', 'c1', 'dryrun');
  await mkdir(locks, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const lock = (pid: number, host = hostname()) => ({
  pid,
  username: 'me',
  hostname: host,
  timestamp: '2026-01-01T00:00:00Z',
});
const backend = () => pathToFileURL(folder).href;

test('the locks of a stack are read with their owners; a stack without any has none', async () => {
  await writeFile(join(locks, 'a.json'), JSON.stringify(lock(1)));
  await writeFile(join(locks, 'a.json.attrs'), '{}');
  expect(await readLocks(backend(), 'dryrun')).toEqual([lock(1)]);
  expect(await readLocks(backend(), 'other')).toEqual([]);
  expect(await readLocks('s3://team', 'dryrun')).toBeNull();
});

test('a lock that cannot be read is for a person', async () => {
  await writeFile(join(locks, 'a.json'), '{"pid":');
  await expect(readLocks(backend(), 'dryrun')).rejects.toThrow(/HOLD_RECOVER_BY_HAND: seen no owner in .*a\.json/);
});

test('an owner on another machine may be alive', async () => {
  const thrown = assertDead(lock(1, 'elsewhere.example'));
  await expect(thrown).rejects.toThrow(
    /HOLD_ENGINE_ALIVE: seen engine process 1 of me@elsewhere\.example.*npx c1 recover on/,
  );
});

test('an owner that ended is dead, and so is one whose number another program has by now', async () => {
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'exit');
  await expect(assertDead(lock(child.pid ?? -1))).resolves.toBeUndefined();
  await expect(assertDead(lock(process.pid))).resolves.toBeUndefined();
});
