import { readFile } from 'node:fs/promises';
import { DatabaseError, escapeIdentifier, escapeLiteral, Pool, type PoolClient, type QueryResult } from 'pg';
import { C1Error } from '../domain/codes.ts';
import type { ExecutorConfig } from './config.ts';

/** What a request may ask of the database: queries that are known before the first is answered, in one read-only transaction. */
export interface Database {
  /**
   * The rows of each query, in order. Each query sees what is committed when it begins.
   *
   * @throws C1Error ERROR_RUNTIME_UNREACHABLE, ERROR_TIMEOUT, ERROR_DATABASE
   */
  readonly read: (...queries: readonly Query[]) => Promise<readonly Rows[]>;
  readonly close: () => Promise<void>;
}

export type Rows = readonly Readonly<Record<string, unknown>>[];

/** A query that PostgreSQL can prepare; it is planned once for each connection, under its name. */
export interface Query {
  readonly name: string;
  readonly text: string;
  readonly values?: readonly string[];
}

/** Milliseconds. */
export interface DatabaseLimits {
  readonly connect: number;
  readonly statement: number;
  /** The server's own limit does not reach us when the network is gone. */
  readonly answer: number;
}

const LIMITS: DatabaseLimits = { connect: 3_000, statement: 5_000, answer: 7_000 };
const CONNECTIONS = 10;

export function openDatabase(
  { host, port, database, login, passwordFile }: ExecutorConfig['database'],
  onLost: (cause: Error) => void,
  limits: DatabaseLimits = LIMITS,
): Database {
  let password = '';
  const pool = new Pool({
    ...{ host, port, database, user: login, max: CONNECTIONS, application_name: 'executor' },
    password: () => password,
    connectionTimeoutMillis: limits.connect,
    statement_timeout: limits.statement,
    query_timeout: limits.answer,
    options: '-c plan_cache_mode=force_generic_plan',
  });
  // An idle connection that the server closes; the pool opens another for the next request.
  pool.on('error', onLost);
  // The same for one that is in use: its queries fail, and nobody else may end the process for it.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const connect = async () => {
    // A password that was changed needs no restart. Read before pg opens a connection: it leaves one open, until the
    // server ends it, whose password it cannot get.
    if (pool.idleCount === 0) password = (await readFile(passwordFile, 'utf8')).trim();
    return pool.connect();
  };
  return { read: (...queries) => readOnly(connect, queries), close: () => pool.end() };
}

async function readOnly(connect: () => Promise<PoolClient>, queries: readonly Query[]): Promise<readonly Rows[]> {
  try {
    const client = await connect();
    let failed = true;
    try {
      const answers = await inTransaction(client, queries);
      failed = false;
      return answers;
    } finally {
      // A connection on which anything failed is not used again, and with it goes its transaction.
      client.release(failed);
    }
  } catch (cause) {
    throw databaseError(cause);
  }
}

/** What each connection has prepared. */
const prepared = new WeakMap<PoolClient, Set<string>>();

/** BEGIN, the queries and COMMIT travel as one text: one round trip for a request. */
async function inTransaction(client: PoolClient, queries: readonly Query[]): Promise<readonly Rows[]> {
  const known = prepared.get(client) ?? new Set();
  prepared.set(client, known);
  for (const { name, text } of queries) {
    if (known.has(name)) continue;
    await client.query(`prepare ${escapeIdentifier(name)} as ${text}`);
    known.add(name);
  }
  const statements = ['begin read only', ...queries.map(executeText), 'commit'];
  // More than one statement, and so more than one result.
  const results = (await client.query(statements.join('; '))) as unknown as readonly QueryResult[];
  return results.slice(1, -1).map(({ rows }) => rows);
}

function executeText({ name, values = [] }: Query): string {
  const list = values.length === 0 ? '' : `(${values.map(escapeLiteral).join(', ')})`;
  return `execute ${escapeIdentifier(name)}${list}`;
}

/** 57014: its own limit; 55P03: another's lock. */
const TIMED_OUT = new Set(['57014', '55P03']);
/** Going down, starting up, no connection left, no such database, a login that does not hold: the database is not to be had. */
const AWAY = /^(08|57P|53|28|3D)/;

function databaseError(cause: unknown): C1Error {
  const seen = cause instanceof Error ? cause.message || codeOf(cause) : String(cause);
  const next = 'send the request again once /health says that the database is reachable';
  if (cause instanceof DatabaseError) {
    const state = codeOf(cause);
    if (TIMED_OUT.has(state)) return timedOut(seen, cause);
    if (!AWAY.test(state))
      return new C1Error('ERROR_DATABASE', { seen: `${state} ${seen}`, expected: 'rows' }, { cause });
  }
  if (seen === 'Query read timeout') return timedOut(seen, cause);
  // Where the password file is, is nobody's business.
  const shown = cause instanceof Error && 'path' in cause ? `no password file (${codeOf(cause)})` : seen;
  const finding = { seen: shown, expected: 'a PostgreSQL that answers', next };
  return new C1Error('ERROR_RUNTIME_UNREACHABLE', finding, { cause });
}

function timedOut(seen: string, cause: unknown): C1Error {
  return new C1Error('ERROR_TIMEOUT', { seen, expected: 'an answer of the database within its limit' }, { cause });
}

function codeOf(cause: Error): string {
  return 'code' in cause ? String(cause.code) : cause.name;
}
