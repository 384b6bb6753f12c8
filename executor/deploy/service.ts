import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pWaitFor, { TimeoutError } from 'p-wait-for';
import { C1Error } from '../../domain/codes.ts';
import type { ExecutorRelease } from '../../domain/executor.ts';
import { bundleOf, type ExecutorFolder } from './folder.ts';
import { type Address, isHealthy } from './probe.ts';

const POLL_MS = 20;
/** A service that does not stop by itself within this is killed. */
const STOP_LIMIT_MS = 10_000;

/** What answers for all, and what a deploy tries out beside it. */
export type Role = 'service' | 'trial';

export interface Start {
  readonly release: ExecutorRelease;
  readonly address: Address;
  /** How long it may take until it answers, in milliseconds. */
  readonly limitMs: number;
}

/**
 * Starts a release and waits until it answers as that release. The service outlives us; a trial goes when our process
 * group does, and a deploy ends the trial that a killed one left.
 *
 * @throws C1Error ERROR_EXECUTOR_UNHEALTHY when it ends, hangs or answers as another; it is ended then
 */
export async function startService(folder: ExecutorFolder, role: Role, start: Start): Promise<void> {
  await assertFree(start);
  const { child, log } = launch(folder, role, start);
  let ended: string | null = null;
  child.once('exit', (code, signal) => {
    ended = signal ?? `exit status ${code}`;
  });
  child.once('error', ({ message }) => {
    ended = message;
  });
  child.unref();
  try {
    await pWaitFor(async () => ended !== null || (await isHealthy(start.address, start.release)), {
      interval: POLL_MS,
      timeout: start.limitMs,
    });
  } catch (cause) {
    await stopService(folder, role);
    if (!(cause instanceof TimeoutError)) throw cause;
    throw unhealthy(start, `no answer as that release within ${start.limitMs} ms`, log);
  }
  if (ended === null && child.pid !== undefined) return;
  await stopService(folder, role);
  throw unhealthy(start, ended ?? 'no process', log);
}

/** The same release of another folder would answer in our stead before ours finds its port taken. */
async function assertFree(start: Start): Promise<void> {
  const probe = createServer().listen(start.address);
  try {
    await once(probe, 'listening');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw unhealthy(start, `port ${start.address.port} not to be had (${code})`);
  }
  probe.close();
  await once(probe, 'close');
}

/** Process number of what runs in that role for this folder; null when nothing does. */
export function runningService(folder: ExecutorFolder, role: Role): number | null {
  return processesOf(folder, role)[0] ?? null;
}

/** Ends what runs in that role for this folder, and no other process; false when nothing did. */
export async function stopService(folder: ExecutorFolder, role: Role): Promise<boolean> {
  const pids = processesOf(folder, role);
  await Promise.all(pids.map(stopProcess));
  return pids.length > 0;
}

/**
 * Found by the configuration that their command line names, not by a file that says so: a deploy that is killed right
 * after a start would not have come to write it.
 */
function processesOf(folder: ExecutorFolder, role: Role): readonly number[] {
  const own = realPath(configFile(folder, role));
  if (own === null) return [];
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => {
      const words = readIfThere(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
      const named = words[words.indexOf('--config') + 1];
      return words.includes('--config') && named !== undefined && realPath(named) === own;
    })
    .map(Number);
}

function realPath(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    return null;
  }
}

export async function stopProcess(pid: number): Promise<void> {
  signal(pid, 'SIGTERM');
  const gone = async () => !isAlive(pid);
  await pWaitFor(gone, { interval: POLL_MS, timeout: STOP_LIMIT_MS }).catch(() => signal(pid, 'SIGKILL'));
  await pWaitFor(gone, { interval: POLL_MS, timeout: STOP_LIMIT_MS });
}

function launch(
  folder: ExecutorFolder,
  role: Role,
  { release, address }: Start,
): { readonly child: ChildProcess; readonly log: string } {
  mkdirSync(folder.run, { recursive: true });
  const config = configFile(folder, role);
  const base = JSON.parse(readFileSync(folder.config, 'utf8')) as object;
  writeFileSync(config, `${JSON.stringify({ ...base, listen: address, release })}\n`, { mode: 0o600 });
  const log = join(folder.run, `${role}.log`);
  const out = openSync(log, 'a', 0o600);
  try {
    const child = spawn(folder.node, [bundleOf(folder, release.digest), '--config', config], {
      cwd: folder.root,
      detached: role === 'service',
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['ignore', out, out],
    });
    return { child, log };
  } finally {
    closeSync(out);
  }
}

function isAlive(pid: number): boolean {
  const state = readIfThere(`/proc/${pid}/stat`)?.split(') ').at(-1)?.[0];
  return state !== undefined && state !== 'Z';
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself.
  }
}

function unhealthy({ release }: Start, seen: string, log?: string): C1Error {
  const last = log === undefined ? '' : (readIfThere(log)?.trim().split('\n').at(-1)?.slice(-300) ?? '');
  return new C1Error('ERROR_EXECUTOR_UNHEALTHY', {
    seen: `${release.name} with ${seen}${last === '' ? '' : `, and in its log: ${last}`}`,
    expected: 'a service that answers GET /health as that release',
  });
}

function configFile(folder: ExecutorFolder, role: Role): string {
  return join(folder.root, 'config', `${role}.json`);
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
