import type { TableRegistryRow } from '../payloads.ts';
import { rowPlan } from './row-plan.ts';

/** W3: the table's row in the registry. Retiring archives it. */
export const tableRegistryEnsure = rowPlan<TableRegistryRow>({
  dot: 'DOT_SCHEMA_TABLE_REGISTRY_ENSURE',
  surface: 'table_registry',
  key: (row) => `${row.schema}/${row.table_name}`,
  image: (row) => row,
  collision: 'HOLD_SURFACE_EXISTS',
  updatable: false,
});
