import type { Client } from 'pg';
import { C1Error } from '../domain/codes.ts';
import { approvalMigration, ruleFor, type WantedRule } from './approvals.ts';
import { withSuperuser } from './connect.ts';
import {
  createDatabase,
  databaseExists,
  dropDatabase,
  LIVE,
  MAINTENANCE,
  openDatabase,
  PRISTINE,
  sealDatabase,
  secureDatabase,
  secureOwnDatabases,
} from './databases.ts';
import { type BinDigests, install } from './install.ts';
import { type Migration, migrations } from './migrations.ts';
import type { StatePaths } from './paths.ts';
import { type Reporter, withProgress } from './reporter.ts';
import { ensureRoles } from './roles.ts';

export interface Server {
  readonly paths: StatePaths;
  readonly port: number;
  readonly report: Reporter;
}

/** Roles, then the sealed template with every migration; a half-made template is made anew. */
export async function ensurePristine(server: Server, bins: BinDigests): Promise<void> {
  await withMaintenance(server, async (client) => {
    const made = await ensureRoles(client, server.paths);
    if (made.length > 0) server.report.did(`made ${made.length} roles`);
    await secureOwnDatabases(client);
    for (const name of made.length > 0 ? [PRISTINE, LIVE] : []) {
      if (await databaseExists(client, name)) await secureDatabase(client, name);
    }
    await withProgress(server.report, 'the schema to be installed', () => refreshTemplate(server, client, bins));
  });
}

/** The live database, copied from the template at the first start, migrated at later ones. */
export async function ensureLive(server: Server, bins: BinDigests, wanted: WantedRule): Promise<void> {
  const there = await withMaintenance(server, (client) => databaseExists(client, LIVE));
  if (!there) {
    await withMaintenance(server, (client) => createDatabase(client, LIVE, PRISTINE));
    server.report.did(`created database ${LIVE}`);
  }
  await migrateLive(server, bins, wanted);
}

/** The schema first: which rule was kept is asked of its newest version. */
async function migrateLive(server: Server, bins: BinDigests, wanted: WantedRule): Promise<void> {
  const { paths, port } = server;
  const all = await migrations();
  await migrate(server, LIVE, bins, all);
  const rule = await withSuperuser(paths, port, LIVE, (client) => ruleFor(client, wanted));
  await migrate(server, LIVE, bins, [...all, approvalMigration(rule)]);
}

/** Back to the starting state: the template made anew where its files changed, the live database copied from it. */
export async function recreateLive(server: Server, bins: BinDigests, wanted: WantedRule): Promise<void> {
  await withMaintenance(server, async (client) => {
    await ensureRoles(client, server.paths);
    await dropDatabase(client, LIVE);
    await refreshTemplate(server, client, bins).catch(async (cause: unknown) => {
      if (!(cause instanceof C1Error && ['ERROR_MIGRATION_CHANGED', 'HOLD_GUARD_CHANGED'].includes(cause.code)))
        throw cause;
      await dropDatabase(client, PRISTINE);
      await refreshTemplate(server, client, bins);
    });
    await createDatabase(client, LIVE, PRISTINE);
  });
  await migrateLive(server, bins, wanted);
}

export function withMaintenance<T>({ paths, port }: Server, work: (client: Client) => Promise<T>): Promise<T> {
  return withSuperuser(paths, port, MAINTENANCE, work);
}

async function refreshTemplate(server: Server, client: Client, bins: BinDigests): Promise<void> {
  const sealed = await isSealed(client);
  const all = await migrations();
  if (sealed === false) await dropDatabase(client, PRISTINE);
  if (sealed !== true) await createDatabase(client, PRISTINE, null);
  await openDatabase(client, PRISTINE);
  try {
    await migrate(server, PRISTINE, bins, all);
  } catch (cause) {
    if (sealed === true) await sealDatabase(client, PRISTINE);
    throw cause;
  }
  await sealDatabase(client, PRISTINE);
}

/** Null when there is no template; false when making or migrating it was cut short. */
async function isSealed(client: Client): Promise<boolean | null> {
  const { rows } = await client.query<{ sealed: boolean }>(
    'select datistemplate and not datallowconn as sealed from pg_catalog.pg_database where datname = $1',
    [PRISTINE],
  );
  return rows[0]?.sealed ?? null;
}

async function migrate(
  { paths, port, report }: Server,
  database: string,
  bins: BinDigests,
  all: readonly Migration[],
): Promise<void> {
  const applied = await withSuperuser(paths, port, database, (client) => install(client, all, bins));
  if (applied.length > 0) report.did(`installed ${applied.length} migrations in ${database}`);
}
