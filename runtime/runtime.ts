import pRetry from 'p-retry';
import { C1Error } from '../domain/codes.ts';
import type { WantedRule } from './approvals.ts';
import { type Built, buildBins } from './bin-build.ts';
import { installBins } from './bin-install.ts';
import { diskFinding, logSince, type StartOptions, startCluster, stopCluster } from './cluster.ts';
import { withSuperuser } from './connect.ts';
import { readConnection, writeConnection } from './connection-file.ts';
import { databaseExists, LIVE } from './databases.ts';
import { installExecutor, resetExecutor, startExecutor, stopExecutor } from './executor.ts';
import type { BinDigests } from './install.ts';
import { withLock } from './lock.ts';
import { type StatePaths, statePaths } from './paths.ts';
import type { Postmaster } from './postmaster.ts';
import { ensureLive, ensurePristine, recreateLive, type Server, withMaintenance } from './pristine.ts';
import { type Reporter, withProgress } from './reporter.ts';
import { HOST } from './server-config.ts';
import { ensureStandInKeys } from './stand-in-keys.ts';

export interface RuntimeOptions extends Partial<Omit<StartOptions, 'port'>> {
  /** Gives up the kept port and picks another free one. */
  readonly newPort?: boolean;
  /** Whether the executor is started as well; it is. */
  readonly executor?: boolean;
  /** Whether owners have to approve each step, and how many; said once, when the runtime is made. */
  readonly rule?: WantedRule;
}

const LOST_CONNECTION = { retries: 3, factor: 1, minTimeout: 200 } as const;

/** Where a started runtime answers. */
export interface RunningRuntime {
  readonly stateDir: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly pid: number;
}

/**
 * Starts the embedded runtime, installs or migrates its schema, and refreshes its bins. Does only what is missing.
 *
 * @throws C1Error ERROR_PORT_TAKEN, ERROR_STATE_FOLDER, ERROR_OS_USER, ERROR_MIGRATION_CHANGED, HOLD_GUARD_CHANGED, …
 */
export async function startRuntime(
  stateDir: string,
  report: Reporter,
  options: RuntimeOptions = {},
): Promise<RunningRuntime> {
  const paths = statePaths(stateDir);
  return withLock(paths, report, () =>
    withoutCrash(paths, async () => {
      const { server, postmaster } = await startServer(stateDir, report, options);
      await ensureStandInKeys(paths, report);
      const { built, digests } = await refreshBins(server, await knownGood(server), false);
      await ensurePristine(server, digests);
      await ensureLive(server, digests, options.rule ?? {});
      await bringExecutor(server, built);
      if (options.executor !== false) await startExecutor(paths, report);
      return { stateDir: paths.state, host: HOST, port: server.port, database: LIVE, pid: postmaster.pid };
    }),
  );
}

/** Ends the PostgreSQL of this state folder; false when none ran. */
export async function stopRuntime(stateDir: string, report: Reporter): Promise<boolean> {
  const paths = statePaths(stateDir);
  return withLock(paths, report, async () => {
    if (await stopExecutor(paths)) report.did('executor stopped');
    const stopped = await stopCluster(paths, report);
    report.did(stopped ? 'PostgreSQL stopped' : 'PostgreSQL was not running');
    return stopped;
  });
}

/** Database and bins back to the starting state; port and passwords stay. The caller has asked the person. */
export async function resetRuntime(stateDir: string, report: Reporter, rule: WantedRule = {}): Promise<RunningRuntime> {
  const paths = statePaths(stateDir);
  return withLock(paths, report, async () => {
    const { server, postmaster } = await startServer(stateDir, report, {});
    await ensureStandInKeys(paths, report);
    const { built, digests } = await refreshBins(server, new Set(), true);
    await withProgress(report, 'the database to be made anew', () => recreateLive(server, digests, rule));
    report.did(`database ${LIVE} is as it was installed`);
    await resetExecutor(paths);
    await bringExecutor(server, built);
    await startExecutor(paths, report);
    return { stateDir: paths.state, host: HOST, port: server.port, database: LIVE, pid: postmaster.pid };
  });
}

/**
 * A server that crashed a moment ago may take a connection and break it off, so lost ones are tried again: every part of
 * a start does only what is missing. A server whose disk is full breaks off every time; why, only its log says.
 */
async function withoutCrash<T>(paths: StatePaths, work: () => Promise<T>): Promise<T> {
  const attempt = async (): Promise<T> => {
    const from = (await logSince(paths, 0)).length;
    return work().catch(async (cause: unknown) => {
      throw (isLost(cause) ? diskFinding(paths, await logSince(paths, from)) : null) ?? cause;
    });
  };
  return pRetry(attempt, { ...LOST_CONNECTION, shouldRetry: ({ error }) => isLost(error) });
}

function isLost(cause: unknown): boolean {
  return cause instanceof C1Error && cause.code === 'ERROR_RUNTIME_UNREACHABLE';
}

interface Started {
  readonly server: Server;
  readonly postmaster: Postmaster;
}

async function startServer(stateDir: string, report: Reporter, options: RuntimeOptions): Promise<Started> {
  const paths = statePaths(stateDir);
  if (options.newPort === true) await stopCluster(paths, report);
  const port = options.newPort === true ? null : ((await readConnection(paths))?.port ?? null);
  const { fsync = true, autovacuum = true } = options;
  const postmaster = await startCluster(paths, report, { port, fsync, autovacuum });
  await writeConnection(paths, postmaster.port);
  return { server: { paths, port: postmaster.port, report }, postmaster };
}

interface Refreshed {
  /** What the build made, of which the executor's part is still to be brought. */
  readonly built: Built;
  readonly digests: BinDigests;
}

async function refreshBins(server: Server, keep: ReadonlySet<string>, exact: boolean): Promise<Refreshed> {
  const { paths, port, report } = server;
  const built = await withProgress(report, 'the bins to be built', () => buildBins(paths.build));
  const target = { paths, buildFolder: paths.build, built, port, database: LIVE, knownGood: keep, exact };
  const { digests, written } = await installBins(target);
  if (written > 0) report.did(`installed ${written} files in ${paths.bin}`);
  return { built, digests };
}

function bringExecutor({ paths, port }: Server, built: Built): Promise<void> {
  return installExecutor({ paths, buildFolder: paths.build, built, port, database: LIVE });
}

/** Digests that an applied patch deployed (H1, W1): a start must not put those files back to what the build made. */
async function knownGood(server: Server): Promise<ReadonlySet<string>> {
  if (!(await withMaintenance(server, (client) => databaseExists(client, LIVE)))) return new Set();
  return withSuperuser(server.paths, server.port, LIVE, async (client) => {
    const { rows } = await client.query<{ sha256: string }>(
      `select l.sha256 from public.vps_deploy_log l where l.is_known_good and l.status = 'success'
         and not exists (select from public.apr_requests q where q.apr_code = l.request_ref and q.status <> 'applied')`,
    );
    return new Set(rows.map(({ sha256 }) => sha256));
  });
}
