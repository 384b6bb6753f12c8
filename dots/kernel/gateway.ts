import type { Client } from 'pg';
import type { Delta } from '../../domain/deltas.ts';
import { SURFACES } from '../../domain/surfaces.ts';

/** A statement that calls one gateway function; values travel as parameters only. */
export interface GatewayCall {
  readonly sql: string;
  readonly args: readonly unknown[];
}

/** `iu_core.<name>($1, …)`; `name` is always a literal of this product, never a value. */
export function gatewayCall(name: string, args: readonly unknown[]): GatewayCall {
  const places = args.map((_, index) => `$${index + 1}`).join(', ');
  return { sql: `select iu_core.${name}(${places}) as answer`, args };
}

/** One call per changed row: `iu_core.<surface>_<operation>(row)`. The ledger entry is close_run's own. */
export function rowCalls(deltas: readonly Delta[]): readonly GatewayCall[] {
  return deltas.filter(({ surface }) => surface !== 'dot_ledger').map(rowCall);
}

export async function callGateway<T>(client: Client, { sql, args }: GatewayCall): Promise<T> {
  const result = await client.query<{ answer: T }>(sql, [...args]);
  const [row] = result.rows;
  if (row === undefined) throw new TypeError(`no row from ${sql}`);
  return row.answer;
}

function rowCall({ surface, op, before, after }: Delta): GatewayCall {
  const { table } = SURFACES[surface];
  if (table === null) throw new TypeError(`${surface} is no table`);
  return {
    sql: `select iu_core.${surface}_${op}(jsonb_populate_record(null::${table}, $1)) as answer`,
    args: [JSON.stringify(after ?? before)],
  };
}
