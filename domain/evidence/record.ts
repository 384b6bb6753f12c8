import * as z from 'zod/mini';
import '../english.ts';
import { BAD_INPUT_COUNT } from '../readiness/bad-input.ts';
import { type Occasion, occasion } from '../readiness/occasion.ts';
import { PREFLIGHT_CHECKS } from '../readiness/preflight.ts';
import { EVIDENCE_ENVELOPE, EVIDENCE_FILES, PREDICATE_TYPE } from './statement.ts';

/** The document of the knowledge base that enters the evidence (steps.md, W9). */
export const EVIDENCE_DOCUMENT = 'c1-readiness-evidence';
/** Resource name of the command that makes the package; its answer in the stack's state says which one it made. */
export const EVIDENCE_PACKAGE = 'evidence-package';
/** Folder of the packages beside the runtime's other folders, one a stack. */
export const EVIDENCE_FOLDER = 'evidence';

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/**
 * What of the evidence is known before anything is observed, and so stands in the preview: for what it is proven, the
 * manifest, and what the package must hold. The digest of the package itself only the runtime can make
 * (docs/decisions/0017).
 */
export const evidenceRecord = z.strictObject({
  schema: z.literal('c1-evidence-record/1'),
  proven_for: occasion,
  manifest_sha256: sha256,
  predicate_type: z.literal(PREDICATE_TYPE),
  envelope: z.literal(EVIDENCE_ENVELOPE),
  files: z.array(z.string()),
  preflight_checks: z.literal(PREFLIGHT_CHECKS.length),
  bad_inputs: z.literal(BAD_INPUT_COUNT),
});
export type EvidenceRecord = z.infer<typeof evidenceRecord>;

export function evidenceRecordOf(proven_for: Occasion, manifest_sha256: string): EvidenceRecord {
  return {
    schema: 'c1-evidence-record/1',
    ...{ proven_for, manifest_sha256, predicate_type: PREDICATE_TYPE, envelope: EVIDENCE_ENVELOPE },
    files: Object.values(EVIDENCE_FILES).toSorted(),
    preflight_checks: PREFLIGHT_CHECKS.length,
    bad_inputs: BAD_INPUT_COUNT,
  };
}
