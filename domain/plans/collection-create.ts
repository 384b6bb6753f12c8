import { sameJson } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import type { Delta, Image, RowRef } from '../deltas.ts';
import { C1_COLLECTION, C1_PREFLIGHT_VIEW, C1_TABLE } from '../objects.ts';
import type { CollectionRow } from '../payloads.ts';
import { liveClaimOf, rowOf, type Snapshot } from '../snapshot.ts';
import { BARE_TABLE, CONTRACT_TABLE, fieldImage, fieldRef, VOCABULARY_COLUMNS } from '../vocabulary.ts';
import {
  assertAbsent,
  assertNoDrift,
  assertNothingStandsOn,
  type Claimant,
  claims,
  type DotPlan,
  delta,
  drift,
  type Plan,
  reconcileRow,
  withLedger,
} from './plan.ts';

/**
 * W3: the table, its Directus collection and a field per column, in one go. The house DOT has no dry run of its own making
 * and refuses where the table exists; retiring drops the collection only while the table is empty.
 */
export const collectionCreate: DotPlan<CollectionRow> = {
  dot: 'DOT_COLLECTION_CREATE',
  subject,
  scope: (payload) => [...rows(payload), NAMESAKE, PREFLIGHT],
  apply: (snapshot, payload, claimant) =>
    withLedger('DOT_COLLECTION_CREATE', 'apply', subject(payload), planApply(snapshot, payload, claimant)),
  retire: (snapshot, payload, claimant) =>
    withLedger('DOT_COLLECTION_CREATE', 'retire', subject(payload), planRetire(snapshot, payload, claimant)),
};

const TABLE: RowRef = { surface: 'schema_object', key: C1_TABLE };
/** Directus knows a collection by its bare name: a table of that name in `public` would be taken for it. */
const NAMESAKE: RowRef = { surface: 'schema_object', key: `public.${C1_COLLECTION}` };
const PREFLIGHT: RowRef = { surface: 'schema_object', key: C1_PREFLIGHT_VIEW };

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
  assertC1(payload);
  const ref = subject(payload);
  for (const one of rows(payload)) assertNoDrift(snapshot, one);
  const plan = reconcileRow(snapshot, {
    ref,
    desired: collectionImage(payload),
    claimant,
    collision: 'HOLD_SURFACE_EXISTS',
    updatable: false,
  });
  if (plan.kind === 'takeClaim') return { ...plan, refs: sameOwner(snapshot, ref, rows(payload)) };
  if (plan.kind === 'noop') return plan;
  for (const one of [TABLE, NAMESAKE, ...VOCABULARY_COLUMNS.map(fieldRef)]) assertAbsent(snapshot, one);
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
  for (const one of rows(payload)) assertNoDrift(snapshot, one);
  assertNothingStandsOn(snapshot, ref, [PREFLIGHT]);
  assertBare(snapshot, table.image);
  const own = [delta(ref, 'retire', row.image, null), delta(TABLE, 'retire', table.image, null)];
  return { kind: 'change', deltas: [...own, ...fieldDeltas('retire')] };
}

function fieldDeltas(op: 'insert' | 'retire'): readonly Delta[] {
  return VOCABULARY_COLUMNS.map((column, index) => {
    const image = fieldImage(column, index + 1);
    return delta(fieldRef(column), op, op === 'insert' ? null : image, op === 'insert' ? image : null);
  });
}

/** The rows that one run writes. */
function rows(payload: CollectionRow): readonly RowRef[] {
  return [subject(payload), TABLE, ...VOCABULARY_COLUMNS.map(fieldRef)];
}

/** The table is not among them once its contract has claimed it. */
function sameOwner(snapshot: Snapshot, ref: RowRef, refs: readonly RowRef[]): readonly RowRef[] {
  const owner = liveClaimOf(snapshot, ref)?.resource;
  return refs.filter((one) => liveClaimOf(snapshot, one)?.resource === owner);
}

/** @throws C1Error REJECT_NOT_ALLOWED: no other table is known here, whatever the flags name */
function assertC1({ schema, collection }: CollectionRow): void {
  if (`${schema}.${collection}` === C1_TABLE) return;
  throw new C1Error('REJECT_NOT_ALLOWED', { seen: `table ${schema}.${collection}`, expected: C1_TABLE });
}

/** @throws C1Error HOLD_PRESTATE_MOVED while the contract stands, HOLD_DRIFT when somebody else changed the table */
function assertBare(snapshot: Snapshot, image: Image): void {
  if (sameJson(image, BARE_TABLE)) return;
  if (!sameJson(image, CONTRACT_TABLE)) throw drift(TABLE, BARE_TABLE, image);
  assertNothingStandsOn(snapshot, { surface: 'directus_collections', key: C1_COLLECTION }, [TABLE]);
}

function subject({ collection }: CollectionRow): RowRef {
  return { surface: 'directus_collections', key: collection };
}
