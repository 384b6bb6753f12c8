import { digestOf } from '../canonical.ts';
import { type Delta, deltaDigest } from '../deltas.ts';
import type { RowPlan, StepPlan } from '../program.ts';
import { definitionDigest } from '../readiness/occasion.ts';
import type { StepId } from '../steps/step.ts';

/** Digest of what one row's command changes: the one that the runtime computes of the rows that really changed. */
export function rowDigest(step: StepId, { deltas }: Pick<RowPlan, 'deltas'>): string {
  return deltaDigest({ step, direction: 'apply', deltas: deltas as readonly Delta[] });
}

/** SHA-256 over a step's definition and the delta digests of its rows on the folded state (review.md, "Approval"). */
export function stepDigest({ step, rows }: StepPlan): string {
  return digestOf({
    step: step.id,
    definition: definitionDigest(step),
    deltas: rows.map((planned) => ({ row: planned.row.name, digest: rowDigest(step.id, planned) })),
  });
}
