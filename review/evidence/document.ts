import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import '../../domain/english.ts';
import { evidenceOrder } from '../../domain/evidence/order.ts';
import { EVIDENCE_SCHEMA, type EvidencePredicate, result } from '../../domain/evidence/statement.ts';
import { preflightCheck } from '../../domain/readiness/preflight.ts';
import { evidenceReadback } from '../../domain/readiness/readback.ts';

const count = z.int().check(z.nonnegative());

/**
 * One check of the package. `passed` is said of what was done and of nothing else: it carries a positive count, and a check
 * that was not executed has none and is never passed (readiness.md).
 */
export const evidenceCheck = z
  .strictObject({
    name: z.string(),
    /** The command that repeats it. */
    repeat: z.string(),
    outcome: z.enum(['passed', 'failed', 'not executed']),
    checked: count,
    seen: z.string(),
  })
  .check(
    z.refine(({ outcome, checked }) => outcome !== 'passed' || checked > 0, 'a passed check of nothing'),
    z.refine(({ outcome, checked }) => outcome !== 'not executed' || checked === 0, 'a count of what was not executed'),
  );
export type EvidenceCheck = z.infer<typeof evidenceCheck>;

export const badInputResult = z.strictObject({
  number: z.int(),
  name: z.string(),
  code: z.string(),
  refused: count,
  accepted: count,
  routes: z.array(z.string()),
  repeat: z.string(),
});

export const evidenceDocument = z.strictObject({
  schema: z.literal(EVIDENCE_SCHEMA),
  label: z.array(z.string()),
  verdict: z.string(),
  result,
  /** Seed 002 §1: as they are, not as one would like them. */
  flags: z.record(z.string(), z.string()),
  order: evidenceOrder,
  checks: z.array(evidenceCheck),
  preflight: z.array(preflightCheck),
  bad_inputs: z.array(badInputResult),
  readback: evidenceReadback,
});
export type EvidenceDocument = z.infer<typeof evidenceDocument>;

/**
 * Nothing failed, nothing was left out, and something was checked.
 *
 * @returns how many checks passed and how many things they looked at
 * @throws C1Error HOLD_EVIDENCE_INCOMPLETE naming the first check that did not pass
 */
export function assertChecks(checks: readonly EvidenceCheck[]): EvidencePredicate['checks'] {
  const open = checks.find(({ outcome, checked }) => outcome !== 'passed' || checked === 0);
  if (open === undefined && checks.length > 0)
    return { passed: checks.length, things: checks.reduce((sum, { checked }) => sum + checked, 0) };
  throw new C1Error('HOLD_EVIDENCE_INCOMPLETE', {
    seen:
      open === undefined ? 'no check at all' : `${open.name}: ${open.outcome}, ${open.checked} things; ${open.seen}`,
    expected: 'every check passed, each of something',
    ...(open === undefined ? {} : { next: open.repeat }),
  });
}

/** The package in short, as the statement says it. @throws C1Error HOLD_EVIDENCE_INCOMPLETE */
export function predicateOf(document: EvidenceDocument): EvidencePredicate {
  const { readback, order } = document;
  return {
    schema: EVIDENCE_SCHEMA,
    label: document.label,
    stack: readback.baseline.stack,
    target: readback.runtime.target,
    verdict: document.verdict,
    proven_for: order.proven_for,
    manifest_sha256: readback.manifest.hashes.node,
    ledger: { head: readback.ledger.head, entries: readback.ledger.entries },
    checks: assertChecks(document.checks),
  };
}
