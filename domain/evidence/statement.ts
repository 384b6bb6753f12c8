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

export const evidenceStatement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z
    .array(z.strictObject({ name: z.string().check(z.minLength(1)), digest: z.strictObject({ sha256 }) }))
    .check(z.minLength(1)),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: evidencePredicate,
});
export type EvidenceStatement = z.infer<typeof evidenceStatement>;

/** DSSE v1; who signs is named by the fingerprint of the SSH key. */
export const dsseEnvelope = z.strictObject({
  payloadType: z.literal(PAYLOAD_TYPE),
  payload: base64,
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: base64 })).check(z.length(1)),
});
export type DsseEnvelope = z.infer<typeof dsseEnvelope>;
