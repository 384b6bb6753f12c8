import type { Image, RowRef } from './deltas.ts';
import { C1_COLLECTION, C1_TABLE } from './objects.ts';

/** A column of the vocabulary table, in PostgreSQL's own words. */
export interface Column {
  readonly name: string;
  readonly type: 'text' | 'integer' | 'boolean' | 'jsonb' | 'timestamp with time zone';
  readonly nullable: boolean;
}

/** Columns that the collection brings (steps.md, W3). */
export const VOCABULARY_COLUMNS: readonly Column[] = [
  { name: 'operation_code', type: 'text', nullable: false },
  { name: 'protocol_version', type: 'text', nullable: false },
  { name: 'status', type: 'text', nullable: false },
  { name: 'semantic_definition', type: 'text', nullable: true },
];

/** Audit columns that come with the table's contract. */
export const AUDIT_COLUMNS: readonly Column[] = [
  { name: 'created_at', type: 'timestamp with time zone', nullable: false },
  { name: 'created_by', type: 'text', nullable: false },
];

const CONTRACT_GUARDS = ['a_assert_dot', 'a_refuse_truncate', 'b_write_once'];

/** Row image of the table as the collection leaves it: no key, no guard yet. */
export const BARE_TABLE: Image = tableImage(VOCABULARY_COLUMNS, null, []);

/** Row image of the table under its contract: composite key, audit columns, guards. */
export const CONTRACT_TABLE: Image = tableImage(
  [...VOCABULARY_COLUMNS, ...AUDIT_COLUMNS],
  ['operation_code', 'protocol_version'],
  CONTRACT_GUARDS,
);

export function fieldRef(column: Column): RowRef {
  return { surface: 'directus_fields', key: `${C1_COLLECTION}/${column.name}` };
}

/** Directus field of a column, in Directus' shape; `id` is the runtime's. `sort` counts from 1. */
export function fieldImage(column: Column, sort: number): Image {
  return {
    collection: C1_COLLECTION,
    field: column.name,
    special: column.type === 'timestamp with time zone' ? 'date-created' : null,
    interface: column.type === 'timestamp with time zone' ? 'datetime' : 'input',
    options: null,
    display: null,
    display_options: null,
    readonly: true,
    hidden: false,
    sort,
    width: 'full',
    translations: null,
    note: null,
    conditions: null,
    required: !column.nullable,
    group: null,
    validation: null,
    validation_message: null,
  };
}

function tableImage(
  columns: readonly Column[],
  primaryKey: readonly string[] | null,
  guards: readonly string[],
): Image {
  const sorted = columns.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  return {
    name: C1_TABLE,
    kind: 'table',
    detail: { columns: sorted.map((column) => ({ ...column })), primary_key: primaryKey, guards },
  };
}
