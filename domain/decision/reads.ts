import * as z from 'zod/mini';
import { C1Error } from '../codes.ts';
import { LONGEST_CODE, manifestHash, manifestOf, resolveOperations } from '../manifest.ts';
import { C1_MANIFEST_FUNCTION, C1_TABLE } from '../objects.ts';
import { type Facts, type Gates, gates, type RuntimeManifest, facts as wholeFacts } from './shapes.ts';

/**
 * What a decision reads of the runtime: the statements, and what their answers mean. Whoever reads runs them in one
 * transaction that only reads, of one snapshot.
 */

/**
 * The grant that counts is C1's live one, else C1's newest, else any: of another carrier it is refused by name. The
 * manifest is as old as the last applied run that changed a canonical operation, or as the install. A code is cut behind
 * the longest that is taken, so that nobody makes a reader hold megabytes.
 */
export const DECISION_READ = `with g as (
  select * from public.governance_build_authorization order by carrier = 'C1' desc, status = 'active' desc, granted_at desc, auth_code limit 1)
select jsonb_build_object(
  'action_types', (select coalesce(jsonb_agg(jsonb_build_object('action_code', left(a.action_code, ${LONGEST_CODE + 1}),
      'act_type', a.act_type, 'protocol_version', left(a.protocol_version, ${LONGEST_CODE}), 'status', a.status)), '[]')
    from public.apr_action_types a where a.act_type = 'canonical_operation' and a.status = 'active'),
  'since', greatest((select min(i.installed_at) from iu_core.install i),
    (select max(r.applied_at) from iu_core.dot_run r, jsonb_array_elements(r.observed) d
      where r.outcome = 'applied' and d ->> 'surface' = 'apr_action_types'
        and 'canonical_operation' in (d -> 'before' ->> 'act_type', d -> 'after' ->> 'act_type'))),
  'grant', (select to_jsonb(g) from g),
  'quorum', coalesce((select public.quorum_passed(g.request_ref) from g), false),
  'proposed_at', (select q.created_at from g join public.apr_requests q on q.apr_code = g.request_ref),
  'ownership', (select to_jsonb(o) - 'assigned_at' from public.governance_object_ownership o where o.object = '${C1_TABLE}'),
  'gates', (select to_jsonb(d) - array['gate', 'updated_at'] || jsonb_build_object('now', now())
    from public.dot_runtime_gate d where d.gate = 'global'),
  'table', to_regclass('${C1_TABLE}') is not null,
  'manifest_function', to_regprocedure('${C1_MANIFEST_FUNCTION}') is not null) as answer`;

/** To be asked when the first answer says that the table is there. */
export const VOCABULARY_READ = `select coalesce(jsonb_agg(jsonb_build_object('operation_code', v.operation_code,
  'protocol_version', v.protocol_version, 'status', v.status, 'semantic_definition', v.semantic_definition)), '[]') as answer
  from ${C1_TABLE} v`;

/** The hash as PostgreSQL computes it over bytes that it canonicalised itself; asked when the function is there. */
export const DATABASE_HASH_READ = `select encode(sha256(${C1_MANIFEST_FUNCTION}), 'hex') as answer`;

const text = z.nullable(z.string());
const answer = z.strictObject({
  action_types: z.array(z.strictObject({ action_code: text, act_type: text, protocol_version: text, status: text })),
  since: z.string(),
  grant: z.nullable(z.looseObject({})),
  quorum: wholeFacts.shape.quorum,
  proposed_at: wholeFacts.shape.proposed_at,
  ownership: wholeFacts.shape.ownership,
  gates: z.nullable(gates),
  table: z.boolean(),
  manifest_function: z.boolean(),
});
export type DecisionAnswer = z.infer<typeof answer>;

/** Everything but the request that `decide` takes. */
export interface DecisionState {
  readonly manifest: RuntimeManifest;
  readonly grant: unknown;
  readonly facts: Facts;
  readonly gates: Gates;
}

/** @throws C1Error ERROR_READ_FAILED when the runtime answers something else */
export function parseDecisionAnswer(value: unknown): DecisionAnswer {
  const parsed = answer.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new C1Error('ERROR_READ_FAILED', { seen: z.prettifyError(parsed.error), expected: 'the state of a decision' });
}

/**
 * @param vocabulary the answer of VOCABULARY_READ, or an empty list without the table
 * @throws C1Error as `resolveOperations`; C1_PROD_REAL_RUN_BLOCKED without the row of the gate; ERROR_READ_FAILED
 */
export function decisionState(read: DecisionAnswer, vocabulary: unknown): DecisionState {
  const operations = resolveOperations(read.action_types);
  const { quorum, proposed_at, ownership, grant, since } = read;
  const parsed = wholeFacts.safeParse({ quorum, proposed_at, ownership, vocabulary, dry_run_authorized: false });
  if (!parsed.success) {
    throw new C1Error('ERROR_READ_FAILED', { seen: z.prettifyError(parsed.error), expected: 'the vocabulary rows' });
  }
  if (read.gates === null) {
    throw new C1Error('C1_PROD_REAL_RUN_BLOCKED', { seen: 'no row of dot_runtime_gate', expected: 'closed gates' });
  }
  const manifest = { manifest: manifestOf(operations), hash: manifestHash(operations), since };
  return { manifest, grant, facts: parsed.data, gates: read.gates };
}
