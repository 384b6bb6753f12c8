import { type ClientBase, DatabaseError, type PoolClient } from 'pg';
import type { TestRuntime } from '../../../support/runtime.ts';

export const BYPASS = 'GOVERNED_C1_DRYRUN_REJECT_DOT_BYPASS';
/** PostgreSQL's own "permission denied". */
export const NO_RIGHT = '42501';
export const OWNER = 'c1_gateway';
export const SUPERUSER = 'postgres';

/** What came of a statement: `accepted`, the registered code that it was refused with, or the SQLSTATE. */
export async function attempt(client: ClientBase, sql: string, values: readonly unknown[] = []): Promise<string> {
  try {
    // Without values the simple protocol, which takes several statements and COPY.
    await (values.length === 0 ? client.query(sql) : client.query(sql, [...values]));
    return 'accepted';
  } catch (cause) {
    return outcomeOf(cause);
  }
}

/** The same inside an open transaction, which goes on whatever came of it. */
export async function attemptInside(client: ClientBase, sql: string, values: readonly unknown[] = []): Promise<string> {
  await client.query('savepoint attempt');
  const outcome = await attempt(client, sql, values);
  await client.query('rollback to attempt');
  return outcome;
}

export function outcomeOf(cause: unknown): string {
  if (!(cause instanceof DatabaseError)) throw cause;
  return /^[A-Z][A-Z0-9_]+(?=: seen )/.exec(cause.message)?.[0] ?? cause.code ?? cause.message;
}

/** A connection of a login for `work`; it is closed afterwards, with whatever was set on it. */
export async function as<T>(runtime: TestRuntime, login: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await (await runtime.pool(login)).connect();
  try {
    return await work(client);
  } finally {
    client.release(true);
  }
}

/** The owner of the tables cannot log in: the superuser takes its role. */
export function asOwner<T>(runtime: TestRuntime, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return as(runtime, SUPERUSER, async (client) => {
    await client.query(`set role ${OWNER}`);
    return work(client);
  });
}

/** Runs `work` in a transaction of the superuser that is rolled back: the next test meets the same runtime. */
export function undone<T>(runtime: TestRuntime, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return as(runtime, SUPERUSER, async (client) => {
    await client.query('begin');
    try {
      return await work(client);
    } finally {
      await client.query('rollback');
    }
  });
}

/** Digest of the rows of every table that is not PostgreSQL's own, by name; null for an empty one. */
export async function tableDigests(client: ClientBase): Promise<Readonly<Record<string, string | null>>> {
  const tables = await tableNames(client);
  const digests = tables.map(
    (name) => `select '${name}' as name, md5(string_agg(t::text, E'\\n' order by t::text)) as digest from ${name} t`,
  );
  const { rows } = await client.query<{ name: string; digest: string | null }>(digests.join(' union all '));
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]));
}

/** Every table that is not PostgreSQL's own, sorted. */
export async function tableNames(client: ClientBase): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`,
  );
  return rows.map(({ name }) => name);
}
