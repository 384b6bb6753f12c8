import { digestOf } from '../canonical.ts';
import { type Delta, type Direction, deltaDigest } from '../deltas.ts';
import type { RowPlan, StepPlan } from '../program.ts';
import { definitionDigest } from '../readiness/occasion.ts';
import type { StepId } from '../steps/step.ts';

/** Digest of what one row's command changes: the one that the runtime computes of the rows that really changed. */
export function rowDigest(step: StepId, { deltas }: Pick<RowPlan, 'deltas'>, direction: Direction = 'apply'): string {
  return deltaDigest({ step, direction, deltas: deltas as readonly Delta[] });
}

/** SHA-256 over a step's definition and the delta digests of its rows on the folded state (review.md, "Approval"). */
export function stepDigest({ step, rows }: StepPlan): string {
  const named = rows.map((planned) => ({ name: planned.row.name, deltas: planned.deltas }));
  return digestOfStep({ id: step.id, direction: 'apply', definition: definitionDigest(step), rows: named });
}

export interface DigestedStep {
  readonly id: StepId;
  readonly direction: Direction;
  readonly definition: string;
  /** In the order in which their commands run. */
  readonly rows: readonly { readonly name: string; readonly deltas: readonly Delta[] }[];
}

/** The same for either direction; that of a retire says so, so that no approval of the one is one of the other. */
export function digestOfStep({ id, direction, definition, rows }: DigestedStep): string {
  return digestOf({
    step: id,
    ...(direction === 'apply' ? {} : { direction }),
    definition,
    deltas: rows.map(({ name, deltas }) => ({ row: name, digest: rowDigest(id, { deltas }, direction) })),
  });
}
