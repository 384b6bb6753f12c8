import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

const GRACE_MS = 2_000;
const POLL_MS = 20;
const running = new Set<number>();

/** Starts a child that leads a process group of its own, so that it can be ended with all that it started. */
export function spawnGroup(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(file, args, { ...options, detached: true });
  const { pid } = child;
  if (pid !== undefined) {
    running.add(pid);
    child.once('close', () => running.delete(pid));
  }
  return child;
}

/** Asks the group to end, then makes it end. */
export async function endGroup(pid: number | undefined): Promise<void> {
  if (pid === undefined || !signal(pid, 'SIGTERM')) return;
  const limit = Date.now() + GRACE_MS;
  while (Date.now() < limit) {
    await delay(POLL_MS);
    if (!signal(pid, 0)) return;
  }
  signal(pid, 'SIGKILL');
}

export const endAllGroups = async (): Promise<void> => {
  await Promise.all([...running].map(endGroup));
};

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, name);
  } catch {
    return false;
  }
}
