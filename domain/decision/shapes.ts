import * as z from 'zod/mini';
import type { Json } from '../canonical.ts';
import type { Manifest } from '../manifest.ts';
import '../english.ts';

/**
 * What a decision is made of. The caller's part, the grant and the facts are checked by these schemas inside `decide`, so
 * that a caller may hand on what came over the wire; unknown fields are refused.
 */
const LONGEST_TEXT = 2000;
const MOST_ROWS = 10_000;

/** Half a surrogate pair has no UTF-8 form, and so no hash. */
const text = z.string().check(
  z.maxLength(LONGEST_TEXT),
  z.refine((value) => value.isWellFormed(), 'well-formed Unicode'),
);
/** As PostgreSQL's to_jsonb gives a timestamptz. */
const time = z.iso.datetime({ offset: true });

const operation = z.strictObject({ operation_code: text, protocol_version: text, status: text });

/** A manifest with the hash that the caller says it has. */
export const presentedManifest = z.strictObject({
  act_type: text,
  carrier: text,
  lane: text,
  operations: z.array(operation).check(z.maxLength(MOST_ROWS)),
  output_namespace: text,
  plan: text,
  protocol_version: text,
  hash: text,
});

/** Columns of the vocabulary table that carry its meaning. */
export const vocabularyRow = z.strictObject({
  operation_code: text,
  protocol_version: text,
  status: text,
  semantic_definition: z.nullable(text),
});

/** What a caller asks for: the body of a dispatch, the standard input of a bin. */
export const asked = z.strictObject({
  dot_code: text,
  /** PLAN_ONLY, DRY_RUN or VERIFY_ONLY. */
  mode: text,
  /** Namespace of the output; that of the contract where absent. */
  target: z.optional(text),
  /** How what the run makes would be taken back; `retire` where absent. */
  rollback: z.optional(text),
  /** Rows that the caller means to write. */
  rows: z.optional(z.array(vocabularyRow).check(z.maxLength(MOST_ROWS))),
  manifest: z.optional(presentedManifest),
});

/** Taken as it is: a copy would lose a key named __proto__, and with it a difference. */
const jsonObject = z.custom<Readonly<Record<string, Json>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'a JSON object',
);

/** A row of `governance_build_authorization`, live or supposed. Null stands for what a faulty record leaves open. */
export const grantRow = z.strictObject({
  auth_code: text,
  carrier: z.nullable(text),
  lane: z.nullable(text),
  plan_ref: z.nullable(text),
  manifest_hash: z.nullable(text),
  action_set: z.nullable(z.array(text).check(z.maxLength(MOST_ROWS))),
  scope: z.nullable(jsonObject),
  status: text,
  single_use: z.boolean(),
  commit_allowed: z.boolean(),
  requires_sovereign_esign: z.boolean(),
  request_ref: z.nullable(text),
  granted_at: time,
  expires_at: time,
  consumed_at: z.nullable(time),
  revoked_at: z.nullable(time),
  rollback_plan_ref: z.nullable(text),
});

/** What the runtime says around the grant; never taken from a caller, but where a supposed record is explained. */
export const facts = z.strictObject({
  /** `quorum_passed` of the request that the grant refers to. */
  quorum: z.boolean(),
  /** When that request was proposed; null without one. */
  proposed_at: z.nullable(time),
  /** Row of `governance_object_ownership` of the vocabulary table. */
  ownership: z.nullable(z.strictObject({ object: text, owner: text, authority: text, status: text })),
  /** Rows that the vocabulary table holds. */
  vocabulary: z.array(vocabularyRow).check(z.maxLength(MOST_ROWS)),
  /** Whether both signed authorizations of a dry run were given and hold. */
  dry_run_authorized: z.boolean(),
});

/** Row of `dot_runtime_gate`, and the time of the decision. */
export const gates = z.strictObject({
  dry_run_only: z.boolean(),
  execute_enabled: z.boolean(),
  real_run_enabled: z.boolean(),
  now: time,
});

export type Asked = z.infer<typeof asked>;
export type PresentedManifest = z.infer<typeof presentedManifest>;
export type VocabularyRow = z.infer<typeof vocabularyRow>;
export type Grant = z.infer<typeof grantRow>;
export type Facts = z.infer<typeof facts>;
export type Gates = z.infer<typeof gates>;

/** The manifest as the runtime makes it now. */
export interface RuntimeManifest {
  readonly manifest: Manifest;
  readonly hash: string;
  /** Since when its rows are what they are: the last run that changed one, or the install. ISO 8601. */
  readonly since: string;
}
