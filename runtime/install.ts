import type { Client } from 'pg';
import { sha256Hex } from '../domain/canonical.ts';
import { C1Error } from '../domain/codes.ts';
import { DISK_FULL } from './connect.ts';
import { errnoOf } from './files.ts';
import { isGuarded, type Migration } from './migrations.ts';

/** Name of a bin to the SHA-256 of the installed file. */
export type BinDigests = Readonly<Record<string, string>>;

interface InstallRecord {
  readonly migration: string;
  readonly sha256: string;
  readonly guardDigest: string | null;
  readonly bins: BinDigests | null;
}

/**
 * Applies the migrations that a database does not have yet, as superuser, one transaction each with event triggers off,
 * and records guard digest and bins after the last one (runtime.md, "Installing").
 *
 * @returns the names of what was applied, in order
 * @throws C1Error ERROR_MIGRATION_CHANGED, HOLD_GUARD_CHANGED, ERROR_DATABASE
 */
export async function install(client: Client, all: readonly Migration[], bins: BinDigests): Promise<readonly string[]> {
  const applied = await appliedMigrations(client);
  assertUnchanged(all, applied);
  const missing = all.filter(({ name }) => !applied.has(name));
  if (missing.length > 0 && applied.size > 0) await assertGuardsUntouched(client);
  let unrecorded: readonly InstallRecord[] = [];
  for (const migration of missing) unrecorded = await applyOne(client, migration, unrecorded);
  await recordState(client, missing.length > 0, bins);
  return missing.map(({ name }) => name);
}

async function appliedMigrations(client: Client): Promise<ReadonlyMap<string, string>> {
  const { rows: there } = await client.query<{ there: boolean }>(
    `select to_regclass('iu_core.install') is not null as there`,
  );
  if (there[0]?.there !== true) return new Map();
  const { rows } = await client.query<{ migration: string; sha256: string }>(
    'select migration, sha256 from iu_core.install',
  );
  return new Map(rows.map(({ migration, sha256 }) => [migration, sha256]));
}

function assertUnchanged(all: readonly Migration[], applied: ReadonlyMap<string, string>): void {
  const changed = all.filter(({ name, sha256 }) => (applied.get(name) ?? sha256) !== sha256).map(({ name }) => name);
  if (changed.length === 0) return;
  throw new C1Error('ERROR_MIGRATION_CHANGED', {
    seen: `another content of ${changed.join(', ')}`,
    expected: 'the files that were applied',
  });
}

/** New migrations end with a new guard digest: without this look, an earlier tampering would vanish in it. */
async function assertGuardsUntouched(client: Client): Promise<void> {
  const { rows } = await client.query<{ seen: string; installed: string | null }>(
    `select iu_core.guard_digest() as seen,
            (select i.guard_digest from iu_core.install i where i.guard_digest is not null order by i.seq desc limit 1) as installed`,
  );
  const { seen, installed } = rows[0] ?? { seen: 'nothing', installed: null };
  if (seen === installed) return;
  throw new C1Error('HOLD_GUARD_CHANGED', { seen: `guard digest ${seen}`, expected: String(installed) });
}

/**
 * Records are written in the transaction of their migration. The first migrations come before the table of records and
 * its writer; their records wait for the first one that can write them (an install cut short there is begun anew).
 */
async function applyOne(
  client: Client,
  migration: Migration,
  unrecorded: readonly InstallRecord[],
): Promise<readonly InstallRecord[]> {
  const record = { migration: migration.name, sha256: migration.sha256, guardDigest: null, bins: null };
  return inTransaction(client, migration.name, async () => {
    await client.query('set local event_triggers = off');
    await migration.apply(client);
    if (!(await isGuarded(client))) return [...unrecorded, record];
    for (const each of [...unrecorded, record]) await writeRecord(client, each);
    return [];
  });
}

/** Bins that changed without a migration keep the digest of the guards as it was: only an install may set that anew. */
async function recordState(client: Client, migrated: boolean, bins: BinDigests): Promise<void> {
  const { rows } = await client.query<{ guard_digest: string; bins: BinDigests }>(
    'select guard_digest, bins from iu_core.install where guard_digest is not null order by seq desc limit 1',
  );
  const text = JSON.stringify(bins, Object.keys(bins).sort());
  const last = rows[0];
  if (!migrated && last !== undefined && JSON.stringify(last.bins, Object.keys(last.bins).sort()) === text) return;
  const guardDigest = migrated || last === undefined ? await guardDigestOf(client) : last.guard_digest;
  await inTransaction(client, 'state', () =>
    writeRecord(client, { migration: 'state', sha256: sha256Hex(text), guardDigest, bins }),
  );
}

async function guardDigestOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ digest: string }>('select iu_core.guard_digest() as digest');
  return rows[0]?.digest ?? '';
}

async function writeRecord(client: Client, { migration, sha256, guardDigest, bins }: InstallRecord): Promise<void> {
  await client.query('select iu_core.record_install($1, $2, $3, $4)', [
    migration,
    sha256,
    guardDigest,
    bins === null ? null : JSON.stringify(bins),
  ]);
}

async function inTransaction<T>(client: Client, what: string, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (cause) {
    await client.query('rollback').catch(() => undefined);
    throw installError(what, cause);
  }
}

function installError(what: string, cause: unknown): unknown {
  if (cause instanceof C1Error || !(cause instanceof Error) || errnoOf(cause) === DISK_FULL) return cause;
  const seen = `${what} failing: ${cause.message}`;
  return new C1Error('ERROR_DATABASE', { seen, expected: 'every migration to apply' }, { cause });
}
