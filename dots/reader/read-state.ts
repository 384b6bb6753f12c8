import type { Client } from 'pg';
import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import type { ScopeRef } from '../../domain/deltas.ts';
import { type RuntimeState, runtimeState } from '../../domain/runtime-state.ts';
import type { RefsAnswer } from '../../domain/snapshot.ts';
import { BEGIN_READ, type RuntimeConfig, withConnection } from '../kernel/connection.ts';

/** Who reads: a login that may not write. */
export const LOGIN = 'auditor_ro';

export interface ReadAnswer {
  readonly state: RuntimeState;
  readonly refs: RefsAnswer;
}

/**
 * State and rows of one and the same database snapshot, which two connections share: the state's halves take as long as
 * each other, and a readback is waited for. A failed read is a stop, never "row absent".
 *
 * @param refs the rows; the state is read while they are still to come
 * @param alongside what else is asked of the same snapshot
 * @throws C1Error ERROR_READ_FAILED, ERROR_RUNTIME_UNREACHABLE, ERROR_DATABASE, or the code that PostgreSQL raised
 */
export function readDatabase<T>(
  config: RuntimeConfig,
  refs: Promise<readonly ScopeRef[]>,
  alongside: (client: Client) => Promise<T>,
): Promise<ReadAnswer & { readonly beside: T }> {
  const shared = Promise.withResolvers<string>();
  const guards = readGuards(config, shared.promise, alongside);
  const rows = withConnection(config, LOGIN, 'c1-reader', async (client) => {
    await client.query(BEGIN_READ);
    const { id } = await one<{ id: string }>(client, 'select pg_export_snapshot() as id');
    shared.resolve(id);
    const [own, answer, others] = await Promise.all([
      one<{ state: object }>(client, 'select iu_core.read_state_of_rows() as state'),
      readRefs(client, refs),
      guards,
    ]);
    await client.query('commit');
    return { state: parseState({ ...own.state, ...others.state }), refs: answer, beside: others.beside };
  });
  // Without a snapshot to share the other connection would wait for ever. What fails there is said by `rows`.
  rows.catch(shared.reject);
  for (const half of [guards, shared.promise]) half.catch(() => {});
  return rows;
}

async function readRefs(client: Client, refs: Promise<readonly ScopeRef[]>): Promise<RefsAnswer> {
  const asked = JSON.stringify(await refs);
  return (await one<{ refs: RefsAnswer }>(client, 'select iu_core.read_refs($1) as refs', [asked])).refs;
}

async function readGuards<T>(
  config: RuntimeConfig,
  snapshot: Promise<string>,
  alongside: (client: Client) => Promise<T>,
) {
  return withConnection(config, LOGIN, 'c1-reader', async (client) => {
    await client.query(`${BEGIN_READ}; set transaction snapshot ${client.escapeLiteral(await snapshot)}`);
    const [beside, { state }] = await Promise.all([
      alongside(client),
      one<{ state: object }>(client, 'select iu_core.read_state_of_guards() as state'),
    ]);
    await client.query('commit');
    return { state, beside };
  });
}

export async function one<T extends object>(client: Client, sql: string, values: readonly string[] = []): Promise<T> {
  const { rows } = await client.query<T>(sql, [...values]);
  const [row] = rows;
  if (row !== undefined) return row;
  throw new C1Error('ERROR_READ_FAILED', { seen: 'no row', expected: 'the answer of the runtime' });
}

/** @throws C1Error ERROR_READ_FAILED when the runtime answers something else than a whole state */
export function parseState(value: unknown): RuntimeState {
  const parsed = runtimeState.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new C1Error('ERROR_READ_FAILED', { seen: z.prettifyError(parsed.error), expected: 'a whole runtime state' });
}
