import { C1Error } from '../codes.ts';
import type { RowRef } from '../deltas.ts';
import type { BirthRow } from '../payloads.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import type { DotPlan } from './plan.ts';
import { rowPlan } from './row-plan.ts';

const row = rowPlan<BirthRow>({
  dot: 'DOT_BIRTH_BACKFILL',
  surface: 'birth_registry',
  key: ({ dot_code }) => dot_code,
  image: (payload) => payload,
  collision: 'HOLD_SURFACE_EXISTS',
  updatable: false,
});

/** W2: the birth of one DOT, into a species that is registered and live. */
export const birthBackfill: DotPlan<BirthRow> = {
  ...row,
  scope: (payload) => [...row.scope(payload), speciesRef(payload)],
  apply: (snapshot, payload, claimant) => {
    assertSpecies(snapshot, payload);
    return row.apply(snapshot, payload, claimant);
  },
};

function speciesRef({ species_code }: BirthRow): RowRef {
  return { surface: 'species', key: species_code };
}

function assertSpecies(snapshot: Snapshot, payload: BirthRow): void {
  if (rowOf(snapshot, speciesRef(payload))?.live === true) return;
  throw new C1Error('HOLD_ADMISSION_MISSING_OR_INVALID', {
    seen: `no active species ${payload.species_code} for the birth of ${payload.dot_code}`,
    expected: 'a species that was registered before',
  });
}
