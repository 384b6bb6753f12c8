import type { CollectionRegistryRow } from '../payloads.ts';
import { rowPlan } from './row-plan.ts';

/** W3: the collection's row in the registry; the runtime gives it its COL-NNN. Retiring archives it. */
export const collectionRegister = rowPlan<CollectionRegistryRow>({
  dot: 'DOT_COLLECTION_REGISTER',
  surface: 'collection_registry',
  key: (row) => row.collection,
  image: (row) => row,
  collision: 'HOLD_SURFACE_EXISTS',
  updatable: false,
});
