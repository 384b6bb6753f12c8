import type { Image, RowRef } from '../deltas.ts';
import type { BaselineRow } from '../payloads.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import { type Claimant, claims, type DotPlan, delta, type Plan, reconcileRow } from './plan.ts';

/**
 * The first resource of all: counters and a digest per surface, against which everything else is proven unchanged.
 * Closing it appends a closed row; the next `up` opens a new one.
 */
export const baselineRecord: DotPlan<BaselineRow> = {
  dot: 'DOT_BASELINE_RECORD',
  subject,
  scope: (payload) => [subject(payload)],
  apply: (snapshot, payload, claimant) =>
    reconcileRow(snapshot, {
      ref: subject(payload),
      desired: image(claimant, 'open'),
      claimant,
      collision: 'HOLD_CLAIMED_ELSEWHERE',
      updatable: false,
    }),
  retire: planClose,
};

function planClose(snapshot: Snapshot, payload: BaselineRow, claimant: Claimant): Plan {
  const ref = subject(payload);
  const row = rowOf(snapshot, ref);
  if (!claims(snapshot, ref, claimant) || row === null) return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  return { kind: 'change', deltas: [delta(ref, 'retire', row.image, image(claimant, 'closed'))] };
}

function image({ stack }: Claimant, status: 'open' | 'closed'): Image {
  return { runtime: 'c1', stack, status };
}

function subject({ runtime }: BaselineRow): RowRef {
  return { surface: 'baseline', key: runtime };
}
