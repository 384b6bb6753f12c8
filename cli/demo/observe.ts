import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { CATALOGUE_OF_DOTS } from '../../domain/payloads.ts';
import { type RuntimeState, runtimeState } from '../../domain/runtime-state.ts';
import { DATABASE_SURFACES, type Surface } from '../../domain/surfaces.ts';
import { withClient } from '../../runtime/connect.ts';
import { connectionOf, DEFAULT_READER } from '../../runtime/connection-file.ts';
import { statePaths } from '../../runtime/paths.ts';

/** Everything that the demo compares, of one database snapshot, read as the auditor. */
export interface Observation {
  readonly state: RuntimeState;
  /** What `c1 runtime snapshot` prints. */
  readonly live: readonly string[];
  /** By surface, every row byte for byte. */
  readonly rows: ReadonlyMap<string, readonly ObservedRow[]>;
  /** One digest over every row of every table, with the transaction that wrote it: equal when nobody wrote at all. */
  readonly writes: string;
}

export interface ObservedRow {
  readonly line: string;
  /** No resource ever claimed it. What is history is never told apart. */
  readonly foreign: boolean;
}

export async function observe(stateDir: string): Promise<Observation> {
  const { port, database } = await connectionOf(stateDir);
  return withClient(statePaths(stateDir), { port, database, login: DEFAULT_READER }, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const observation = {
      state: await readState(client),
      live: await readLines(client, 'select line from iu_core.live_snapshot() as line'),
      rows: await readRows(client),
      writes: await readWrites(client),
    };
    await client.query('commit');
    return observation;
  });
}

async function readState(client: Client): Promise<RuntimeState> {
  const { rows } = await client.query<{ state: unknown }>('select iu_core.read_state() as state');
  return runtimeState.parse(rows[0]?.state);
}

async function readRows(client: Client): Promise<ReadonlyMap<string, readonly ObservedRow[]>> {
  const rows = new Map<string, readonly ObservedRow[]>();
  for (const surface of DATABASE_SURFACES) {
    if (surface.kind === 'bookkeeping') continue;
    const answer = await client.query<ObservedRow>(rowsSql(surface));
    rows.set(surface.name, answer.rows);
  }
  return rows;
}

/** Names come from the one table of surfaces, none from outside. */
function rowsSql({ name, table, relation, key, kind }: Surface): string {
  if (kind === 'history') return `select t::text as line, true as foreign from ${table ?? relation} t`;
  const ownKey = key.map((column) => `t."${column}"::text`).join(` || '/' || `);
  const claimed = `exists (select from iu_core.claim c where c.surface = '${name}' and c.key = ${ownKey})`;
  // The one older row that a step changes for good is proven by its count (prove.ts).
  const kept = name === 'meta_catalog' ? ` where t.code <> '${CATALOGUE_OF_DOTS}'` : '';
  return `select t::text as line, not ${claimed} as foreign from ${table ?? relation} t${kept}`;
}

async function readWrites(client: Client): Promise<string> {
  const tables = await readLines(
    client,
    `select c.oid::regclass::text as line from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname in ('public', 'iu_core', 'c1') order by 1`,
  );
  const hash = createHash('sha256');
  for (const table of tables) {
    const sql = `select md5(coalesce(string_agg(t.ctid || ' ' || t.xmin || ' ' || t::text, '' order by t.ctid), '')) as line from ${table} t`;
    hash.update(table).update((await readLines(client, sql)).join());
  }
  return hash.digest('hex');
}

async function readLines(client: Client, sql: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ line: string }>(sql);
  return rows.map(({ line }) => line);
}
