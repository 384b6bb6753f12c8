import type { SpeciesRow } from '../payloads.ts';
import { rowPlan } from './row-plan.ts';

/** W2: the species that the C1 DOTs are born into. One that is owned by another is a HOLD, never adopted. */
export const speciesRegister = rowPlan<SpeciesRow>({
  dot: 'DOT_SPECIES_REGISTER',
  surface: 'species',
  key: (row) => row.code,
  image: (row) => row,
  collision: 'HOLD_SPECIES_OWNED_BY_OTHER',
  updatable: true,
});
