import type { Code } from '../codes.ts';
import type { Image, RowRef } from '../deltas.ts';
import type { DotCode } from '../dots.ts';
import type { SurfaceName } from '../surfaces.ts';
import { type DotPlan, reconcileRow, retireRow, withLedger } from './plan.ts';

export interface RowPlanOptions<P> {
  readonly dot: DotCode;
  readonly surface: SurfaceName;
  readonly key: (payload: P) => string;
  readonly image: (payload: P) => Image;
  readonly collision: Code;
  readonly updatable: boolean;
}

/** The plan of a DOT whose whole work is one row of one table. */
export function rowPlan<P>(options: RowPlanOptions<P>): DotPlan<P> {
  const subject = (payload: P): RowRef => ({ surface: options.surface, key: options.key(payload) });
  return {
    dot: options.dot,
    subject,
    scope: (payload) => [subject(payload)],
    apply: (snapshot, payload, claimant) => {
      const ref = subject(payload);
      const desired = options.image(payload);
      const { collision, updatable } = options;
      const plan = reconcileRow(snapshot, { ref, desired, claimant, collision, updatable });
      return withLedger(options.dot, 'apply', ref, plan);
    },
    retire: (snapshot, payload, claimant) => {
      const ref = subject(payload);
      return withLedger(options.dot, 'retire', ref, retireRow(snapshot, ref, claimant));
    },
  };
}
