import { C1Error } from '../codes.ts';
import type { Delta, Image, RowRef } from '../deltas.ts';
import { C1_TABLE } from '../objects.ts';
import type { CollectionRow } from '../payloads.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import { BARE_TABLE, fieldImage, fieldRef, VOCABULARY_COLUMNS } from '../vocabulary.ts';
import { type Claimant, claims, type DotPlan, delta, type Plan, reconcileRow, withLedger } from './plan.ts';

/**
 * W3: the table, its Directus collection and a field per column, in one go. The house DOT has no dry run of its own making
 * and refuses where the table exists; retiring drops the collection only while the table is empty.
 */
export const collectionCreate: DotPlan<CollectionRow> = {
  dot: 'DOT_COLLECTION_CREATE',
  subject,
  scope: (payload) => [subject(payload), TABLE, ...VOCABULARY_COLUMNS.map(fieldRef)],
  apply: (snapshot, payload, claimant) =>
    withLedger('DOT_COLLECTION_CREATE', 'apply', subject(payload), planApply(snapshot, payload, claimant)),
  retire: (snapshot, payload, claimant) =>
    withLedger('DOT_COLLECTION_CREATE', 'retire', subject(payload), planRetire(snapshot, payload, claimant)),
};

const TABLE: RowRef = { surface: 'schema_object', key: C1_TABLE };

/** Directus collection in Directus' shape; everything that the command does not say is Directus' default. */
export function collectionImage(payload: CollectionRow): Image {
  return {
    collection: payload.collection,
    icon: null,
    note: `${payload.governance_role}, species ${payload.species_code}`,
    display_template: null,
    hidden: false,
    singleton: false,
    translations: null,
    archive_field: null,
    archive_app_filter: true,
    archive_value: null,
    unarchive_value: null,
    sort_field: null,
    accountability: 'all',
    color: null,
    item_duplication_fields: null,
    sort: null,
    group: payload.group,
    collapse: 'open',
    preview_url: null,
    versioning: false,
  };
}

function planApply(snapshot: Snapshot, payload: CollectionRow, claimant: Claimant): Plan {
  const ref = subject(payload);
  const plan = reconcileRow(snapshot, {
    ref,
    desired: collectionImage(payload),
    claimant,
    collision: 'HOLD_SURFACE_EXISTS',
    updatable: false,
  });
  if (plan.kind !== 'change') return plan;
  assertTableAbsent(snapshot);
  return {
    kind: 'change',
    deltas: [...plan.deltas, delta(TABLE, 'insert', null, BARE_TABLE), ...fieldDeltas('insert')],
  };
}

function planRetire(snapshot: Snapshot, payload: CollectionRow, claimant: Claimant): Plan {
  const ref = subject(payload);
  const row = rowOf(snapshot, ref);
  const table = rowOf(snapshot, TABLE);
  if (!claims(snapshot, ref, claimant) || row === null || table === null)
    return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  const own = [delta(ref, 'retire', row.image, null), delta(TABLE, 'retire', table.image, null)];
  return { kind: 'change', deltas: [...own, ...fieldDeltas('retire')] };
}

function fieldDeltas(op: 'insert' | 'retire'): readonly Delta[] {
  return VOCABULARY_COLUMNS.map((column, index) => {
    const image = fieldImage(column, index + 1);
    return delta(fieldRef(column), op, op === 'insert' ? null : image, op === 'insert' ? image : null);
  });
}

/** @throws C1Error HOLD_SURFACE_EXISTS: nothing here adopts or overwrites a table */
function assertTableAbsent(snapshot: Snapshot): void {
  if (rowOf(snapshot, TABLE) === null) return;
  throw new C1Error('HOLD_SURFACE_EXISTS', { seen: `table ${C1_TABLE}`, expected: 'no such table' });
}

function subject({ collection }: CollectionRow): RowRef {
  return { surface: 'directus_collections', key: collection };
}
