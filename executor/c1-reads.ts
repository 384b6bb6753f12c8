import * as z from 'zod/mini';
import {
  DATABASE_HASH_READ,
  DECISION_READ,
  type DecisionState,
  decisionState,
  parseDecisionAnswer,
  VOCABULARY_READ,
} from '../domain/decision/reads.ts';
import { ENTERED_EVIDENCE_READ, type EnteredEvidence, parseEntered } from '../domain/dry-run-authorization.ts';
import { LONGEST_CODE, manifestHash, manifestOf, resolveOperations } from '../domain/manifest.ts';
import { C1_TABLE } from '../domain/objects.ts';
import { PLAN_COLUMNS, parsedRow, planOf } from './contract.ts';
import type { Query, Rows } from './database.ts';

/**
 * Contract, gates and the rows of the manifest in one statement: what a plan needs, and no more, because plans are what
 * is asked for again and again. A code is cut behind the longest that is taken.
 */
export function c1PlanQuery(dotCode: string): Query {
  const actionTypes = `(select jsonb_agg(jsonb_build_object('action_code', left(a.action_code, ${LONGEST_CODE + 1}),
      'act_type', a.act_type, 'protocol_version', left(a.protocol_version, ${LONGEST_CODE}), 'status', a.status))
    from public.apr_action_types a where a.act_type = 'canonical_operation' and a.status = 'active') as action_types`;
  // As one text, so that it can be seen whether anything changed; the time is not part of it.
  const text = `select to_jsonb(p)::text as plan, to_jsonb(now()) as now from (select ${PLAN_COLUMNS}, ${actionTypes}) p`;
  return { name: 'c1-plan', text, values: [dotCode] };
}

/** What `decide` takes beside the request; VOCABULARY has to be there, as it is under a C1 contract. */
export const DECISION: Query = { name: 'c1-decision', text: DECISION_READ };
export const VOCABULARY: Query = { name: 'c1-vocabulary', text: VOCABULARY_READ };
/** What a dry run has to be authorized for. */
export const ENTERED_EVIDENCE: Query = { name: 'c1-entered-evidence', text: ENTERED_EVIDENCE_READ };
/** The hash of the bytes that PostgreSQL canonicalised itself. */
export const DATABASE_HASH: Query = { name: 'c1-manifest-hash', text: DATABASE_HASH_READ };

/** Counted by a statement of its own each time, so that the second sees what was committed since the first. */
export const VOCABULARY_COUNT: Query = {
  name: 'c1-vocabulary-count',
  text: `select count(*)::int as answer from ${C1_TABLE}`,
};

const text = z.nullable(z.string());
const manifestRow = z.object({
  action_types: z.nullable(
    z.array(z.strictObject({ action_code: text, act_type: text, protocol_version: text, status: text })),
  ),
});

/** @throws C1Error as `planOf` and `resolveOperations` */
export function c1PlanOf(rows: Rows | undefined, dotCode: string) {
  const row = { ...JSON.parse(planTextOf(rows)), now: rows?.[0]?.now } as Rows[number];
  const plan = planOf(row, dotCode);
  const { action_types } = parsedRow(manifestRow, row);
  const operations = resolveOperations(action_types ?? []);
  return { ...plan, operations, hash: manifestHash(operations) };
}

/** All that a plan is made of, as PostgreSQL spells it. */
export function planTextOf(rows: Rows | undefined): string {
  return String(rows?.[0]?.plan);
}

export type C1Plan = ReturnType<typeof c1PlanOf>;

/** What a plan alone is decided on: no grant is looked at, and no row is to be written. */
export function planState({ operations, hash, gates }: C1Plan): DecisionState {
  const facts = { quorum: false, proposed_at: null, ownership: null, vocabulary: [], dry_run_authorized: false };
  return { manifest: { manifest: manifestOf(operations), hash, since: gates.now }, grant: null, facts, gates };
}

/** @throws C1Error as `parseDecisionAnswer` and `decisionState` */
export function stateOf(decision: Rows | undefined, vocabulary: Rows | undefined): DecisionState {
  return decisionState(parseDecisionAnswer(answerOf(decision)), answerOf(vocabulary));
}

/** @throws C1Error ERROR_READ_FAILED */
export function enteredOf(rows: Rows | undefined): EnteredEvidence {
  return parseEntered(answerOf(rows) ?? null);
}

export function answerOf(rows: Rows | undefined): unknown {
  return rows?.[0]?.answer;
}
