import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256Hex } from '../domain/canonical.ts';
import { C1Error } from '../domain/codes.ts';
import { withClient } from './connect.ts';
import { DEFAULT_READER, readConnection } from './connection-file.ts';
import { executorStatus } from './executor.ts';
import type { BinDigests } from './install.ts';
import { type StatePaths, statePaths } from './paths.ts';
import { runningPostmaster } from './postmaster.ts';

export interface RuntimeStatus {
  readonly stateDir: string;
  readonly running: boolean;
  readonly pid: number | null;
  readonly port: number | null;
  readonly database: string | null;
  readonly version: string | null;
  readonly migrations: number | null;
  readonly guards: 'as installed' | 'changed' | null;
  /** Process number and release of the executor that runs. */
  readonly executor: { readonly pid: number; readonly release: string } | null;
  /** Files of the DOT folder that are missing or not what was installed. */
  readonly changedBins: readonly string[];
  /** Files of the DOT folder that came after the install. */
  readonly addedBins: readonly string[];
}

/** What runs in this state folder, and whether guards and bins are what the last install left. Changes nothing. */
export async function runtimeStatus(stateDir: string): Promise<RuntimeStatus> {
  const paths = statePaths(stateDir);
  const connection = await readConnection(paths);
  const postmaster = connection === null ? null : await runningPostmaster(paths.data);
  const executor = executorStatus(paths);
  const base = {
    stateDir: paths.state,
    executor,
    port: connection?.port ?? null,
    database: connection?.database ?? null,
  };
  if (connection === null || postmaster === null) {
    const unknown = { pid: null, version: null, migrations: null, guards: null, changedBins: [], addedBins: [] };
    return { ...base, running: false, ...unknown };
  }
  const target = { port: postmaster.port, database: connection.database, login: DEFAULT_READER };
  const seen = await withClient(paths, target, async (client) => {
    const { rows } = await client.query<Installed>(INSTALLED);
    return rows[0];
  });
  const { version = '', migrations = 0, same = false, bins = {} } = seen ?? {};
  const guards = same ? 'as installed' : 'changed';
  return {
    ...base,
    running: true,
    pid: postmaster.pid,
    version,
    migrations,
    guards,
    ...(await binFindings(paths, bins)),
  };
}

/** What a script or a person must not overlook; null when all is well. */
export function statusFinding(status: RuntimeStatus): C1Error | null {
  if (!status.running) {
    const seen = `no PostgreSQL on ${status.stateDir}`;
    return new C1Error('ERROR_RUNTIME_UNREACHABLE', { seen, expected: 'a running one' });
  }
  if (status.guards === 'changed') {
    const expected = 'the guard digest of the last install';
    return new C1Error('HOLD_GUARD_CHANGED', { seen: 'another guard digest', expected });
  }
  if (status.changedBins.length > 0) {
    const seen = `${status.changedBins.join(', ')} missing or changed`;
    return new C1Error('HOLD_DOT_INTERFACE_MISMATCH', { seen, expected: 'the files that were installed' });
  }
  return null;
}

interface Installed {
  readonly version: string;
  readonly migrations: number;
  readonly same: boolean;
  readonly bins: BinDigests;
}

const INSTALLED = `
  select current_setting('server_version') as version,
         (select count(*)::int from iu_core.install i where i.guard_digest is null) as migrations,
         last.guard_digest = iu_core.guard_digest() as same, iu_core.expected_bins() as bins
    from (select i.guard_digest from iu_core.install i where i.guard_digest is not null
           order by i.seq desc limit 1) last`;

async function binFindings(
  paths: StatePaths,
  bins: BinDigests,
): Promise<Pick<RuntimeStatus, 'changedBins' | 'addedBins'>> {
  const there = await readdir(paths.bin);
  const changed = await Promise.all(Object.entries(bins).map(([name, sha]) => isChanged(paths, there, name, sha)));
  return {
    changedBins: Object.keys(bins).filter((_, at) => changed[at] === true),
    addedBins: there.filter((name) => bins[name] === undefined).toSorted(),
  };
}

async function isChanged(paths: StatePaths, there: readonly string[], name: string, sha: string): Promise<boolean> {
  return !there.includes(name) || sha256Hex(await readFile(path.join(paths.bin, name))) !== sha;
}
