import * as z from 'zod/mini';
import '../english.ts';
import { occasion } from '../readiness/occasion.ts';

/**
 * The evidence package as one folder (readiness.md, "Evidence package"): what was observed, the exact bytes of the manifest,
 * the same for people, and one signed in-toto Statement over all three.
 */
export const EVIDENCE_FILES = {
  document: 'evidence.json',
  manifest: 'manifest.json',
  page: 'evidence.html',
} as const;
/** Signs the others, and so is none of its own subjects. */
export const EVIDENCE_ENVELOPE = 'evidence.dsse.json';

export const EVIDENCE_SCHEMA = 'c1-evidence/1';
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PREDICATE_TYPE = 'urn:c1-target-state:evidence:v1';
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const base64 = z.string().check(z.minLength(1), z.regex(/^[A-Za-z0-9+/]+={0,2}$/, 'base64'));

/** What the package says in short: enough to tell whether it is the one that is looked for. */
export const evidencePredicate = z.strictObject({
  schema: z.literal(EVIDENCE_SCHEMA),
  label: z.array(z.string()),
  stack: z.string(),
  target: z.strictObject({ system: z.string(), database: z.string() }),
  verdict: z.string(),
  proven_for: occasion,
  manifest_sha256: sha256,
  ledger: z.strictObject({ head: sha256, entries: z.int().check(z.positive()) }),
  /** How many checks passed, and how many things they looked at. */
  checks: z.strictObject({ passed: z.int().check(z.positive()), things: z.int().check(z.positive()) }),
});
export type EvidencePredicate = z.infer<typeof evidencePredicate>;

const subject = z
  .array(z.strictObject({ name: z.string().check(z.minLength(1)), digest: z.strictObject({ sha256 }) }))
  .check(z.minLength(1));

/** An in-toto Statement of ours, of one kind. */
function statementOf<T extends string, P extends z.ZodMiniType>(predicateType: T, predicate: P) {
  return z.strictObject({
    _type: z.literal(STATEMENT_TYPE),
    subject,
    predicateType: z.literal(predicateType),
    predicate,
  });
}

const evidenceStatement = statementOf(PREDICATE_TYPE, evidencePredicate);
export type EvidenceStatement = z.infer<typeof evidenceStatement>;

/** The same of a governed dry run: what it was authorized over, what came of it, and nothing taken for the other. */
export const DRY_RUN_FILES = { document: 'dry-run.json', page: 'dry-run.html' } as const;
export const DRY_RUN_ENVELOPE = 'dry-run.dsse.json';
export const DRY_RUN_SCHEMA = 'c1-dry-run/1';
export const DRY_RUN_PREDICATE_TYPE = 'urn:c1-target-state:dry-run:v1';

/** Engineering and authority are two results, never one. */
export const result = z.strictObject({
  engineering: z.enum(['PASS', 'HOLD']),
  authority: z.enum(['PASS', 'NOT PASS']),
  authority_why: z.string(),
});

const count = z.int().check(z.nonnegative());

export const dryRunPredicate = z.strictObject({
  schema: z.literal(DRY_RUN_SCHEMA),
  label: z.array(z.string()),
  stack: z.string(),
  verdict: z.string(),
  result,
  /** Of the evidence package that both statements are over. */
  evidence_digest: sha256,
  auth_code: z.string(),
  checks: z.strictObject({ passed: count, failed: count, not_executed: count, things: count }),
});
export type DryRunPredicate = z.infer<typeof dryRunPredicate>;

const dryRunStatement = statementOf(DRY_RUN_PREDICATE_TYPE, dryRunPredicate);
export type DryRunStatement = z.infer<typeof dryRunStatement>;

/** What a signed folder is of, by the name of its envelope. */
export interface PackageKind<S extends AnyStatement> {
  readonly envelope: string;
  readonly statement: z.ZodMiniType<S>;
}
export type AnyStatement = EvidenceStatement | DryRunStatement;

export const EVIDENCE_KIND: PackageKind<EvidenceStatement> = {
  envelope: EVIDENCE_ENVELOPE,
  statement: evidenceStatement,
};
export const DRY_RUN_KIND: PackageKind<DryRunStatement> = { envelope: DRY_RUN_ENVELOPE, statement: dryRunStatement };

/** DSSE v1; who signs is named by the fingerprint of the SSH key. */
export const dsseEnvelope = z.strictObject({
  payloadType: z.literal(PAYLOAD_TYPE),
  payload: base64,
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: base64 })).check(z.length(1)),
});
export type DsseEnvelope = z.infer<typeof dsseEnvelope>;
