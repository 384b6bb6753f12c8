import { readdir, readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { C1Error } from '../../domain/codes.ts';
import { errnoOf } from '../../runtime/files.ts';
import { isAlive } from '../../runtime/postmaster.ts';
import { PROJECT } from '../engine.ts';

/** What the engine writes into a lock of the file back end; the lock has no lease and outlives a killed owner. */
const lockSchema = z.object({ pid: z.int(), username: z.string(), hostname: z.string(), timestamp: z.string() });
export type Lock = z.infer<typeof lockSchema>;

/** The locks on a stack; null where the back end is no folder that we can look into. @throws C1Error HOLD_RECOVER_BY_HAND */
export async function readLocks(backend: string, stack: string): Promise<readonly Lock[] | null> {
  if (!backend.startsWith('file:')) return null;
  const folder = path.join(fileURLToPath(backend), '.pulumi', 'locks', 'organization', PROJECT, stack);
  const names = (await readNames(folder)).filter((name) => name.endsWith('.json'));
  return Promise.all(names.map((name) => readLock(path.join(folder, name))));
}

async function readNames(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return [];
    throw cause;
  }
}

async function readLock(file: string): Promise<Lock> {
  try {
    return lockSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const next = 'npx pulumi cancel once the engine is known to be dead';
    throw new C1Error('HOLD_RECOVER_BY_HAND', { seen: `no owner in ${file}`, expected: 'a process', next }, { cause });
  }
}

/** @throws C1Error HOLD_ENGINE_ALIVE when the owner runs, or is on a machine that we cannot ask */
export async function assertDead(lock: Lock): Promise<void> {
  const owner = `engine process ${lock.pid} of ${lock.username}@${lock.hostname}, since ${lock.timestamp}`;
  if (lock.hostname !== hostname()) {
    const next = `npx c1 recover on ${lock.hostname}, or npx pulumi cancel once that engine is known to be dead`;
    throw new C1Error('HOLD_ENGINE_ALIVE', { seen: owner, expected: 'an owner on this machine', next });
  }
  if (await isEngine(lock.pid)) throw new C1Error('HOLD_ENGINE_ALIVE', { seen: owner, expected: 'no such process' });
}

/** A zombie and another program that got the number by now are no engine. */
async function isEngine(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  return path.basename(await programOf(pid)).startsWith('pulumi');
}

async function programOf(pid: number): Promise<string> {
  if (process.platform !== 'linux') {
    const { stdout } = await execa('ps', ['-o', 'comm=', '-p', String(pid)], { reject: false });
    return stdout.trim();
  }
  try {
    return await readlink(`/proc/${pid}/exe`);
  } catch (cause) {
    if (['ENOENT', 'ESRCH'].includes(errnoOf(cause) ?? '')) return '';
    // Another user's process: its name is not ours to know, so it counts as the engine.
    if (['EACCES', 'EPERM'].includes(errnoOf(cause) ?? '')) return 'pulumi';
    throw cause;
  }
}
