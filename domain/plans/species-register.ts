import { C1Error } from '../codes.ts';
import type { SpeciesRow } from '../payloads.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import type { DotPlan } from './plan.ts';
import { rowPlan } from './row-plan.ts';

const row = rowPlan<SpeciesRow>({
  dot: 'DOT_SPECIES_REGISTER',
  surface: 'species',
  key: (row) => row.code,
  image: (row) => row,
  collision: 'HOLD_SPECIES_OWNED_BY_OTHER',
  updatable: true,
});

/** W2: the species that the C1 DOTs are born into. One that is owned by another is a HOLD, never adopted. */
export const speciesRegister: DotPlan<SpeciesRow> = {
  ...row,
  apply: (snapshot, payload, claimant) => {
    assertOwner(snapshot, payload);
    return row.apply(snapshot, payload, claimant);
  },
};

/** An owner is for good: neither a retired species of another nor one of ours under a new owner is written. */
function assertOwner(snapshot: Snapshot, payload: SpeciesRow): void {
  const owner = rowOf(snapshot, row.subject(payload))?.image.owner;
  if (owner === undefined || owner === payload.owner) return;
  throw new C1Error('HOLD_SPECIES_OWNED_BY_OTHER', {
    seen: `species ${payload.code} owned by ${String(owner)}`,
    expected: `no such species, or one owned by ${payload.owner}`,
  });
}
