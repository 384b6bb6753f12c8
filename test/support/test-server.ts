import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Built, buildBins } from '../../runtime/bin-build.ts';
import { installBins } from '../../runtime/bin-install.ts';
import { startCluster, stopCluster } from '../../runtime/cluster.ts';
import { LIVE } from '../../runtime/databases.ts';
import { stopExecutor } from '../../runtime/executor.ts';
import { withLock } from '../../runtime/lock.ts';
import { CHECKOUT, type StatePaths, statePaths } from '../../runtime/paths.ts';
import { isAlive } from '../../runtime/postmaster.ts';
import { ensurePristine } from '../../runtime/pristine.ts';
import { SILENT } from '../../runtime/reporter.ts';
import { ensureStandInKeys } from '../../runtime/stand-in-keys.ts';

/** The one PostgreSQL of a test run: every test clones its template. */
export interface TestServer {
  readonly stateDir: string;
  readonly port: number;
  readonly buildFolder: string;
  readonly built: Built;
}

const PREFIX = 'c1-test-';

/** Starts a server of its own with the template in it; fsync and autovacuum are off. */
export async function startTestServer(): Promise<TestServer> {
  await sweepAbandoned();
  const stateDir = await mkdtemp(path.join(os.tmpdir(), `${PREFIX}${process.pid}-`));
  // As root the server runs as another user, which must get through this folder.
  await chmod(stateDir, 0o755);
  const paths = statePaths(stateDir);
  const shared = statePaths(path.join(CHECKOUT, '.c1'));
  await mkdir(shared.state, { recursive: true });
  const built = await withLock(shared, SILENT, () => buildBins(shared.build));
  const { port } = await startCluster(paths, SILENT, { port: null, fsync: false, autovacuum: false });
  const target = { paths, buildFolder: shared.build, built, port, database: LIVE };
  const { digests } = await installBins({ ...target, knownGood: new Set(), exact: false });
  await ensureStandInKeys(paths, SILENT);
  await ensurePristine({ paths, port, report: SILENT }, digests);
  return { stateDir, port, buildFolder: shared.build, built };
}

export async function stopTestServer({ stateDir }: TestServer): Promise<void> {
  await discard(statePaths(stateDir));
}

/** A run that was killed leaves its server and its folder; the folder's name says whose it was. */
async function sweepAbandoned(): Promise<void> {
  const names = (await readdir(os.tmpdir())).filter((name) => name.startsWith(PREFIX));
  const abandoned = names.filter((name) => !isAlive(Number.parseInt(name.slice(PREFIX.length), 10) || 0));
  await Promise.all(abandoned.map((name) => discard(statePaths(path.join(os.tmpdir(), name)))));
}

async function discard(paths: StatePaths): Promise<void> {
  for (const name of await readdir(path.join(paths.state, 'runtimes')).catch(() => [])) {
    await stopExecutor(statePaths(path.join(paths.state, 'runtimes', name)));
  }
  await stopCluster(paths, SILENT);
  await rm(paths.state, { recursive: true, force: true });
}
