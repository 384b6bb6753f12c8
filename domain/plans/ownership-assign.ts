import type { OwnershipRow } from '../payloads.ts';
import { rowPlan } from './row-plan.ts';

/** W7: who answers for the vocabulary table. */
export const ownershipAssign = rowPlan<OwnershipRow>({
  dot: 'DOT_OWNERSHIP_ASSIGN',
  surface: 'governance_object_ownership',
  key: ({ object }) => object,
  image: (row) => row,
  collision: 'HOLD_SURFACE_EXISTS',
  updatable: false,
});
