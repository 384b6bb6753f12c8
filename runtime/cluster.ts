import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { open } from 'node:fs/promises';
import getPort from 'get-port';
import pRetry from 'p-retry';
import pWaitFor, { TimeoutError } from 'p-wait-for';
import { C1Error } from '../domain/codes.ts';
import { binaries } from './binaries.ts';
import { ensureInitialised } from './cluster-init.ts';
import { withSuperuser } from './connect.ts';
import { MAINTENANCE } from './databases.ts';
import { readIfThere } from './files.ts';
import { type ServerUser, serverUser } from './os-user.ts';
import type { StatePaths } from './paths.ts';
import { isAlive, isServerOf, type Postmaster, removeStalePidFile, runningPostmaster } from './postmaster.ts';
import { type Reporter, withProgress } from './reporter.ts';
import { HOST, type ServerOptions, writeServerConfig } from './server-config.ts';

export interface StartOptions extends Omit<ServerOptions, 'port'> {
  /** The port that was kept from an earlier start; null picks a free one. */
  readonly port: number | null;
}

const PORTS = { from: 15_000, to: 32_000 } as const;
const PORT_CANDIDATES = 50;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 60_000;
const POLL_MS = 10;
const LAUNCH_RETRIES = 50;
const LAUNCH_PAUSE_MS = 100;

/**
 * Starts PostgreSQL detached, so that it outlives this process; does nothing when it runs already.
 *
 * The caller holds the lock of the state folder.
 *
 * @throws C1Error ERROR_PORT_TAKEN, ERROR_STATE_FOLDER, ERROR_OS_USER, ERROR_TIMEOUT, ERROR_DATABASE
 */
export async function startCluster(paths: StatePaths, report: Reporter, options: StartOptions): Promise<Postmaster> {
  const { initdb, postgres } = await binaries();
  const user = await ensureInitialised(paths, report, initdb, () => serverUser(postgres, paths.postgres, paths.data));
  const running = await awaitEarlierStart(paths, report);
  if (running !== null && (options.port === null || running.port === options.port)) return running;
  if (running !== null) await stopCluster(paths, report);
  if (await removeStalePidFile(paths.data)) report.did('removed the pid file of a server that was killed');
  return launchOnFreePort(paths, report, { ...options, program: postgres, user });
}

/** Ends the server of this state folder and no other; false when none runs. */
export async function stopCluster(paths: StatePaths, report: Reporter): Promise<boolean> {
  const running = await runningPostmaster(paths.data);
  if (running === null) return false;
  process.kill(running.pid, 'SIGINT');
  await limited(report, 'PostgreSQL to stop', STOP_LIMIT_MS, async () => !(await isServerOf(running.pid, paths.data)));
  return true;
}

/**
 * A server that another command started a moment ago, or that recovers from a crash, is waited for. The pid file of a
 * server that recovers still says "ready", so only an answer counts.
 */
async function awaitEarlierStart(paths: StatePaths, report: Reporter): Promise<Postmaster | null> {
  let seen: Postmaster | null = null;
  await limited(report, 'PostgreSQL to answer', START_LIMIT_MS, async () => {
    seen = await runningPostmaster(paths.data);
    return seen === null || (seen.ready && (await answers(paths, seen.port)));
  });
  return seen;
}

async function answers(paths: StatePaths, port: number): Promise<boolean> {
  try {
    await withSuperuser(paths, port, MAINTENANCE, async (client) => client.query('select'));
    return true;
  } catch (cause) {
    if (cause instanceof C1Error && cause.code === 'ERROR_RUNTIME_UNREACHABLE') return false;
    throw cause;
  }
}

interface Launch extends StartOptions {
  readonly program: string;
  readonly user: ServerUser;
}

/**
 * Another program may take a free port between the pick and the start; a kept port is not exchanged in silence. The
 * children of a server that was killed hold its shared memory for a moment.
 */
async function launchOnFreePort(paths: StatePaths, report: Reporter, launch: Launch): Promise<Postmaster> {
  return pRetry(async () => launchOn(paths, report, launch, launch.port ?? (await pickPort())), {
    retries: LAUNCH_RETRIES,
    factor: 1,
    minTimeout: LAUNCH_PAUSE_MS,
    shouldRetry: ({ error }) =>
      error instanceof C1Error && (isOrphaned(error) || (error.code === 'ERROR_PORT_TAKEN' && launch.port === null)),
  });
}

/**
 * Below the range that systems take for outgoing connections, so that none of those has the port when a stopped runtime
 * wants it back; at random, so that two checkouts hardly ever want the same one.
 */
export async function pickPort(): Promise<number> {
  const port = Array.from({ length: PORT_CANDIDATES }, () => randomInt(PORTS.from, PORTS.to));
  return getPort({ host: HOST, port });
}

function isOrphaned(error: C1Error): boolean {
  return error.seen.includes('pre-existing shared memory block');
}

async function launchOn(paths: StatePaths, report: Reporter, launch: Launch, port: number): Promise<Postmaster> {
  await writeServerConfig(paths.data, launch.user, { ...launch, port });
  const log = await open(paths.log, 'a', 0o600);
  try {
    const from = (await logSince(paths, 0)).length;
    const pid = spawnDetached([...launch.user.prefix, launch.program, '-D', paths.data], log.fd);
    const started = await untilReady(paths, report, pid, () => startFailure(paths, port, from));
    report.did(`started PostgreSQL on ${HOST}:${port}`);
    return started;
  } finally {
    await log.close();
  }
}

function spawnDetached([file = '', ...args]: readonly string[], log: number): number | undefined {
  const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
  const child = spawn(file, args, { cwd: '/', detached: true, env, stdio: ['ignore', log, log] });
  // A program that cannot be started ends like one that stops at once: the pid is missing, the log says nothing.
  child.on('error', () => undefined);
  child.unref();
  return child.pid;
}

async function untilReady(
  paths: StatePaths,
  report: Reporter,
  pid: number | undefined,
  failure: () => Promise<C1Error>,
): Promise<Postmaster> {
  let seen: Postmaster | null = null;
  await limited(report, 'PostgreSQL to answer', START_LIMIT_MS, async () => {
    const ended = pid === undefined || !isAlive(pid);
    seen = await runningPostmaster(paths.data);
    return ended || seen?.ready === true;
  });
  if (!isReady(seen)) throw await failure();
  return seen;
}

function isReady(seen: Postmaster | null): seen is Postmaster {
  return seen?.ready === true;
}

async function limited(report: Reporter, what: string, limit: number, done: () => Promise<boolean>): Promise<void> {
  try {
    await withProgress(report, what, () => pWaitFor(done, { interval: POLL_MS, timeout: limit }));
  } catch (cause) {
    if (!(cause instanceof TimeoutError)) throw cause;
    throw new C1Error('ERROR_TIMEOUT', { seen: `no end after ${limit / 1000} s`, expected: what }, { cause });
  }
}

async function startFailure(paths: StatePaths, port: number, from: number): Promise<C1Error> {
  const said = await logSince(paths, from);
  if (/Address already in use/.test(said)) {
    return new C1Error('ERROR_PORT_TAKEN', { seen: `another program on ${HOST}:${port}`, expected: 'the port free' });
  }
  return (
    diskFinding(paths, said) ??
    new C1Error('ERROR_DATABASE', {
      seen: `PostgreSQL ending at its start: ${fatalLine(said)}`,
      expected: 'a server that answers',
      next: `read ${paths.log}`,
    })
  );
}

/** What the server wrote into its log after its first `from` bytes. */
export async function logSince(paths: StatePaths, from: number): Promise<string> {
  return ((await readIfThere(paths.log)) ?? '').slice(from);
}

/** ERROR_STATE_FOLDER when the server's log says that the disk was at fault, else null. */
export function diskFinding(paths: StatePaths, log: string): C1Error | null {
  if (!/No space left on device|Disk quota exceeded|Read-only file system/.test(log)) return null;
  return new C1Error('ERROR_STATE_FOLDER', { seen: fatalLine(log), expected: `room to write in ${paths.data}` });
}

function fatalLine(log: string): string {
  const lines = log.trim().split('\n');
  return (
    lines.find((line) => /FATAL|PANIC|No space/.test(line))?.replace(/^.*(FATAL|PANIC|ERROR): +/, '') ??
    lines.at(-1) ??
    'no log'
  );
}
