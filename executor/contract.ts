import * as z from 'zod/mini';
import { C1Error } from '../domain/codes.ts';
import { gates } from '../domain/decision/shapes.ts';
import type { Query, Rows } from './database.ts';
import '../domain/english.ts';

/** Row of `dot_agent_api_contract` without what the runtime assigns. */
const contract = z.strictObject({
  dot_code: z.string(),
  operation: z.string(),
  role: z.string(),
  paired_dot: z.string(),
  mode: z.string(),
  output_namespace: z.string(),
  no_mutation_assertion: z.boolean(),
  endpoint_ref: z.nullable(z.string()),
  error_behavior: z.string(),
  observation_write_policy: z.string(),
  contract_status: z.string(),
});
export type Contract = z.infer<typeof contract>;

/** What every plan is made of; `read_only` is what PostgreSQL says of the transaction itself. */
const planRow = z.object({
  contract: z.nullable(contract),
  gates: z.nullable(z.omit(gates, { now: true })),
  read_only: z.string(),
  now: gates.shape.now,
});

export const PLAN_COLUMNS = `
  (select to_jsonb(c) - 'id' - 'created_at' from public.dot_agent_api_contract c
    where c.dot_code = $1 and c.contract_status <> 'retired') as contract,
  (select to_jsonb(g) - 'gate' - 'updated_at' from public.dot_runtime_gate g where g.gate = 'global') as gates,
  current_setting('transaction_read_only') as read_only`;

export function planQuery(dotCode: string): Query {
  return { name: 'plan', text: `select ${PLAN_COLUMNS}, to_jsonb(now()) as now`, values: [dotCode] };
}

/**
 * @throws C1Error HOLD_ADMISSION_MISSING_OR_INVALID without a live contract; C1_PROD_REAL_RUN_BLOCKED without a row of the
 * gates; HOLD_DRIFT when one of them is no row as it should be
 */
export function planOf(row: Rows[number] | undefined, dotCode: string) {
  const { contract: bound, gates: closed, read_only, now } = parsedRow(planRow, row);
  if (bound === null) {
    throw new C1Error('HOLD_ADMISSION_MISSING_OR_INVALID', {
      seen: `${dotCode} without a live contract`,
      expected: 'a DOT that was born, registered and bound by a contract',
      next: 'npx pulumi up, which binds it in W5',
    });
  }
  if (closed === null) {
    throw new C1Error('C1_PROD_REAL_RUN_BLOCKED', { seen: 'no row of dot_runtime_gate', expected: 'closed gates' });
  }
  return { contract: bound, gates: { ...closed, now }, writesDb: read_only !== 'on' };
}

/** Whether the contract names an endpoint that is bound, so that a dry run has somewhere to go. */
export function isEndpointBound({ endpoint_ref, contract_status }: Contract): boolean {
  return endpoint_ref !== null && contract_status === 'endpoint_bound';
}

/** A row, or a shape that nothing here expects. @throws C1Error HOLD_DRIFT */
export function parsedRow<T>(schema: z.ZodMiniType<T>, row: unknown): T {
  const result = schema.safeParse(row);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw drift(problems.join('; '), 'rows as the runtime makes them');
}

export function drift(seen: string, expected: string): C1Error {
  return new C1Error('HOLD_DRIFT', { seen, expected });
}
