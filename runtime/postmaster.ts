import { readlink, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { errnoOf, readIfThere } from './files.ts';

/** What `postmaster.pid` says: the server's process, its port, and whether it answers. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

const PORT_LINE = 3;
const STATUS_LINE = 7;

/** The server that runs on `data` now; null when none does, whatever a stale pid file says. */
export async function runningPostmaster(data: string): Promise<Postmaster | null> {
  const found = await readPidFile(data);
  return found !== null && (await isServerOf(found.pid, data)) ? found : null;
}

/**
 * A killed server leaves its pid file. PostgreSQL would refuse to start when another program has that pid by now, or
 * when nobody reaped the dead one; the caller holds the lock and knows that no server runs.
 */
export async function removeStalePidFile(data: string): Promise<boolean> {
  if ((await readPidFile(data)) === null) return false;
  await rm(path.join(data, 'postmaster.pid'), { force: true });
  return true;
}

async function readPidFile(data: string): Promise<Postmaster | null> {
  const text = await readIfThere(path.join(data, 'postmaster.pid'));
  if (text === null) return null;
  const lines = text.split('\n');
  const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10));
  return {
    pid: Number.isInteger(pid) ? pid : 0,
    port: Number.parseInt(lines[PORT_LINE] ?? '', 10) || 0,
    ready: (lines[STATUS_LINE] ?? '').trim() === 'ready',
  };
}

/** A server's working directory is its data directory: that tells ours from any other program with that pid. */
export async function isServerOf(pid: number, data: string): Promise<boolean> {
  if (pid <= 0 || !isAlive(pid)) return false;
  if (process.platform === 'linux') return sameFolder(`/proc/${pid}/cwd`, data);
  const { stdout } = await execa('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { reject: false });
  return stdout.includes(data);
}

async function sameFolder(link: string, data: string): Promise<boolean> {
  try {
    return (await readlink(link)) === (await realpath(data));
  } catch (cause) {
    // Gone between two looks, a zombie that has no folder any more, or another user's process.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(errnoOf(cause) ?? '')) return false;
    throw cause;
  }
}

/** Whether a process of that id exists (a zombie does). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return errnoOf(cause) === 'EPERM';
  }
}
