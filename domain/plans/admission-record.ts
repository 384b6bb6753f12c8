import { C1Error } from '../codes.ts';
import type { RowRef } from '../deltas.ts';
import type { AdmissionRow } from '../payloads.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import type { DotPlan } from './plan.ts';
import { rowPlan } from './row-plan.ts';

const row = rowPlan<AdmissionRow>({
  dot: 'DOT_ADMISSION_RECORD',
  surface: 'admission_record',
  key: ({ dot_code }) => dot_code,
  image: (payload) => payload,
  collision: 'HOLD_SURFACE_EXISTS',
  updatable: false,
});

/** W2: the admission of one DOT, which must have been born before. */
export const admissionRecord: DotPlan<AdmissionRow> = {
  ...row,
  scope: (payload) => [...row.scope(payload), birthRef(payload.dot_code)],
  apply: (snapshot, payload, claimant) => {
    assertBorn(snapshot, payload.dot_code);
    return row.apply(snapshot, payload, claimant);
  },
};

export function birthRef(dotCode: string): RowRef {
  return { surface: 'birth_registry', key: dotCode };
}

/** @throws C1Error HOLD_ADMISSION_MISSING_OR_INVALID when the DOT was not born */
export function assertBorn(snapshot: Snapshot, dotCode: string): void {
  if (rowOf(snapshot, birthRef(dotCode))?.live === true) return;
  throw new C1Error('HOLD_ADMISSION_MISSING_OR_INVALID', {
    seen: `${dotCode} without birth`,
    expected: 'a DOT that was born before it is admitted',
    next: `dot-birth-backfill --only ${dotCode}`,
  });
}
