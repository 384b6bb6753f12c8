import * as z from 'zod/mini';
import { type Facts, facts, type RuntimeManifest, vocabularyRow } from '../domain/decision/shapes.ts';
import { manifestHash, manifestOf, resolveOperations } from '../domain/manifest.ts';
import { C1_MANIFEST_FUNCTION, C1_TABLE } from '../domain/objects.ts';
import { PLAN_COLUMNS, parsedRow, planOf } from './contract.ts';
import type { Query, Rows } from './database.ts';

const ACTION_TYPES = `(select jsonb_agg(jsonb_build_object('action_code', a.action_code, 'act_type', a.act_type,
    'protocol_version', a.protocol_version, 'status', a.status)) from public.apr_action_types a
    where a.act_type = 'canonical_operation') as action_types`;

/** Contract, gates and the rows of the manifest, in one statement and so of one moment. */
export function c1PlanQuery(dotCode: string): Query {
  return { name: 'c1-plan', text: `select ${PLAN_COLUMNS}, ${ACTION_TYPES}`, values: [dotCode] };
}

/**
 * The grant to look at (C1's before another's, a live one before a used one, then the newest), what stands behind it, and
 * since when the manifest's rows are what they are: since the last run that changed one, or else the install.
 */
export const GRANT_QUERY: Query = {
  name: 'c1-grant',
  text: `select to_jsonb(g) as grant_row,
      coalesce(public.quorum_passed(g.request_ref), false) as quorum,
      (select to_jsonb(q.created_at) from public.apr_requests q where q.apr_code = g.request_ref) as proposed_at,
      (select to_jsonb(o) - 'assigned_at' from public.governance_object_ownership o where o.object = $1) as ownership,
      to_jsonb(coalesce(
        (select max(r.applied_at) from iu_core.dot_run r, jsonb_array_elements(r.deltas) d
          where r.outcome = 'applied' and d ->> 'surface' = 'apr_action_types'
            and 'canonical_operation' in (d -> 'before' ->> 'act_type', d -> 'after' ->> 'act_type')),
        (select min(i.installed_at) from iu_core.install i))) as since
    from (values (true)) as once(one) left join lateral (
      select * from public.governance_build_authorization b
       order by (b.carrier = 'C1') desc, (b.status = 'active') desc, b.granted_at desc limit 1) g on true`,
  values: [C1_TABLE],
};

/** Counted by a statement of its own each time, so that the second sees what was committed since the first. */
export const VOCABULARY_COUNT: Query = {
  name: 'c1-vocabulary-count',
  text: `select count(*)::int as rows from ${C1_TABLE}`,
};

/** Every row of the vocabulary, with what carries its meaning. */
export const VOCABULARY_ROWS: Query = {
  name: 'c1-vocabulary',
  text: `select operation_code, protocol_version, status, semantic_definition from ${C1_TABLE}`,
};

/** The hash of the bytes that PostgreSQL canonicalised itself. */
export const DATABASE_HASH: Query = {
  name: 'c1-manifest-hash',
  text: `select encode(sha256(${C1_MANIFEST_FUNCTION}), 'hex') as hash`,
};

const manifestRow = z.object({
  action_types: z.nullable(
    z.array(
      z.strictObject({
        action_code: z.nullable(z.string()),
        act_type: z.nullable(z.string()),
        protocol_version: z.nullable(z.string()),
        status: z.nullable(z.string()),
      }),
    ),
  ),
});

/** @throws C1Error as `planOf` and `resolveOperations` */
export function c1PlanOf(rows: Rows | undefined, dotCode: string) {
  const plan = planOf(rows, dotCode);
  const { action_types } = parsedRow(manifestRow, rows?.[0]);
  const operations = resolveOperations(action_types ?? []);
  return { ...plan, operations, hash: manifestHash(operations) };
}

export type C1Plan = ReturnType<typeof c1PlanOf>;

/** The manifest as `decide` wants it. @param since when its rows became what they are, ISO 8601 */
export function runtimeManifest({ operations, hash }: C1Plan, since: string): RuntimeManifest {
  return { manifest: manifestOf(operations), hash, since };
}

const grantAnswer = z.object({
  grant_row: z.nullable(z.record(z.string(), z.json())),
  quorum: facts.shape.quorum,
  proposed_at: facts.shape.proposed_at,
  ownership: facts.shape.ownership,
  since: z.string(),
});

/** @throws C1Error HOLD_DRIFT */
export function grantOf(rows: Rows | undefined) {
  return parsedRow(grantAnswer, rows?.[0]);
}

const vocabularyRows = z.array(vocabularyRow);

export function vocabularyOf(rows: Rows | undefined): Facts['vocabulary'] {
  return parsedRow(vocabularyRows, rows);
}

const count = z.object({ rows: z.int() });
const databaseHash = z.object({ hash: z.string() });

export function countOf(rows: Rows | undefined): number {
  return parsedRow(count, rows?.[0]).rows;
}

export function databaseHashOf(rows: Rows | undefined): string {
  return parsedRow(databaseHash, rows?.[0]).hash;
}
