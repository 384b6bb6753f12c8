import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import getPort from 'get-port';
import pWaitFor, { TimeoutError } from 'p-wait-for';
import { C1Error } from '../domain/codes.ts';
import { binaries } from './binaries.ts';
import { ensureInitialised } from './cluster-init.ts';
import { type ServerUser, serverUser } from './os-user.ts';
import type { StatePaths } from './paths.ts';
import { isAlive, isServerOf, type Postmaster, removeStalePidFile, runningPostmaster } from './postmaster.ts';
import { type Reporter, withProgress } from './reporter.ts';
import { HOST, type ServerOptions, writeServerConfig } from './server-config.ts';

export interface StartOptions extends Omit<ServerOptions, 'port'> {
  /** The port that was kept from an earlier start; null picks a free one. */
  readonly port: number | null;
}

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 60_000;
const POLL_MS = 10;
const PICK_ATTEMPTS = 5;

/**
 * Starts PostgreSQL detached, so that it outlives this process; does nothing when it runs already.
 *
 * The caller holds the lock of the state folder.
 *
 * @throws C1Error ERROR_PORT_TAKEN, ERROR_STATE_FOLDER, ERROR_OS_USER, ERROR_TIMEOUT, ERROR_DATABASE
 */
export async function startCluster(paths: StatePaths, report: Reporter, options: StartOptions): Promise<Postmaster> {
  const { initdb, postgres } = await binaries();
  const user = await ensureInitialised(paths, report, initdb, () => serverUser(postgres, paths.postgres));
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

/** A server that another command started a moment ago, or that still recovers from a crash, is waited for. */
async function awaitEarlierStart(paths: StatePaths, report: Reporter): Promise<Postmaster | null> {
  let seen = await runningPostmaster(paths.data);
  if (seen === null || seen.ready) return seen;
  await limited(report, 'PostgreSQL to answer', START_LIMIT_MS, async () => {
    seen = await runningPostmaster(paths.data);
    return seen === null || seen.ready;
  });
  return seen;
}

interface Launch extends StartOptions {
  readonly program: string;
  readonly user: ServerUser;
}

/** Another program may take a free port between the pick and the start; a kept port is not exchanged in silence. */
async function launchOnFreePort(paths: StatePaths, report: Reporter, launch: Launch): Promise<Postmaster> {
  for (let attempt = 1; ; attempt += 1) {
    const port = launch.port ?? (await getPort({ host: HOST }));
    try {
      return await launchOn(paths, report, launch, port);
    } catch (cause) {
      const again = launch.port === null && attempt < PICK_ATTEMPTS;
      if (!(again && cause instanceof C1Error && cause.code === 'ERROR_PORT_TAKEN')) throw cause;
    }
  }
}

async function launchOn(paths: StatePaths, report: Reporter, launch: Launch, port: number): Promise<Postmaster> {
  await writeServerConfig(paths.data, launch.user, { ...launch, port });
  const log = await open(paths.log, 'a', 0o600);
  try {
    const from = (await log.stat()).size;
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
  if (seen === null) throw await failure();
  return seen;
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
  const said = (await readFile(paths.log)).subarray(from).toString('utf8');
  if (/Address already in use/.test(said)) {
    return new C1Error('ERROR_PORT_TAKEN', { seen: `another program on ${HOST}:${port}`, expected: 'the port free' });
  }
  if (/No space left on device|Disk quota exceeded|Read-only file system/.test(said)) {
    return new C1Error('ERROR_STATE_FOLDER', { seen: fatalLine(said), expected: `room to write in ${paths.data}` });
  }
  return new C1Error('ERROR_DATABASE', {
    seen: `PostgreSQL ending at its start: ${fatalLine(said)}`,
    expected: 'a server that answers',
    next: `read ${paths.log}`,
  });
}

function fatalLine(log: string): string {
  const lines = log.trim().split('\n');
  return lines.find((line) => /FATAL|PANIC/.test(line))?.replace(/^.*(FATAL|PANIC): +/, '') ?? lines.at(-1) ?? 'no log';
}
