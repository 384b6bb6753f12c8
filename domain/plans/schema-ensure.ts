import { sameJson } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import type { Delta, Image, RowRef } from '../deltas.ts';
import { C1_COLLECTION, C1_OBJECTS, C1_SCHEMA, C1_TABLE, sourceSha256 } from '../objects.ts';
import type { SchemaObjectRow } from '../payloads.ts';
import { liveClaimOf, rowOf, type Snapshot } from '../snapshot.ts';
import { AUDIT_COLUMNS, BARE_TABLE, CONTRACT_TABLE, fieldImage, fieldRef, VOCABULARY_COLUMNS } from '../vocabulary.ts';
import {
  assertAbsent,
  assertNoDrift,
  assertNothingStandsOn,
  assertSameStack,
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
 * W3: one schema object by name. A schema, function or view is made; the table, which the collection brought, gets its
 * contract: composite primary key, audit columns, write-once guard.
 */
export const schemaEnsure: DotPlan<SchemaObjectRow> = {
  dot: 'DOT_SCHEMA_ENSURE',
  subject,
  scope: (payload) => [subject(payload), ...auditRefs(payload), ...dependants(payload)],
  apply: (snapshot, payload, claimant) =>
    withLedger('DOT_SCHEMA_ENSURE', 'apply', subject(payload), planApply(snapshot, payload, claimant)),
  retire: (snapshot, payload, claimant) =>
    withLedger('DOT_SCHEMA_ENSURE', 'retire', subject(payload), planRetire(snapshot, payload, claimant)),
};

/** Row image of one of C1's objects as its step leaves it. @throws C1Error REJECT_NOT_ALLOWED for any other name */
export function objectImage({ name, kind }: SchemaObjectRow): Image {
  const definition = C1_OBJECTS.find((object) => object.name === name && object.kind === kind);
  if (definition === undefined) {
    throw new C1Error('REJECT_NOT_ALLOWED', {
      seen: `object ${JSON.stringify(name)} of kind ${JSON.stringify(kind)}`,
      expected: `one of ${C1_OBJECTS.map((object) => `${object.kind} ${object.name}`).join(', ')}`,
    });
  }
  if (name === C1_TABLE) return CONTRACT_TABLE;
  return { name, kind, detail: kind === 'schema' ? {} : { source_sha256: sourceSha256(definition) } };
}

function planApply(snapshot: Snapshot, payload: SchemaObjectRow, claimant: Claimant): Plan {
  const ref = subject(payload);
  const desired = objectImage(payload);
  if (payload.kind === 'table') return planContract(snapshot, ref, claimant);
  return reconcileRow(snapshot, { ref, desired, claimant, collision: 'HOLD_SURFACE_EXISTS', updatable: false });
}

/** The bare table is the collection's; from here on the contract's resource claims it. */
function planContract(snapshot: Snapshot, ref: RowRef, claimant: Claimant): Plan {
  const image = rowOf(snapshot, ref)?.image ?? null;
  const claim = liveClaimOf(snapshot, ref);
  if (claim !== null) {
    assertSameStack(claim.stack, { ref, claimant });
    for (const one of [ref, ...AUDIT_COLUMNS.map(fieldRef)]) assertNoDrift(snapshot, one);
  }
  if (image === null) throw missingTable();
  if (sameJson(image, CONTRACT_TABLE)) return settledContract(snapshot, ref, claimant);
  if (!sameJson(image, BARE_TABLE)) throw drift(ref, BARE_TABLE, image);
  for (const field of AUDIT_COLUMNS.map(fieldRef)) assertAbsent(snapshot, field);
  return { kind: 'change', deltas: [delta(ref, 'update', BARE_TABLE, CONTRACT_TABLE), ...auditFields('insert')] };
}

function settledContract(snapshot: Snapshot, ref: RowRef, claimant: Claimant): Plan {
  if (claims(snapshot, ref, claimant)) return { kind: 'noop', code: 'NOOP_ALREADY_THERE' };
  if (liveClaimOf(snapshot, ref) !== null) return { kind: 'takeClaim', refs: [ref, ...AUDIT_COLUMNS.map(fieldRef)] };
  throw new C1Error('HOLD_SURFACE_EXISTS', {
    seen: `table ${C1_TABLE} that nobody of ours claims`,
    expected: 'no such table',
  });
}

function planRetire(snapshot: Snapshot, payload: SchemaObjectRow, claimant: Claimant): Plan {
  const ref = subject(payload);
  const row = rowOf(snapshot, ref);
  if (!claims(snapshot, ref, claimant) || row === null) return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  for (const one of [ref, ...auditRefs(payload)]) assertNoDrift(snapshot, one);
  assertNothingStandsOn(snapshot, ref, dependants(payload));
  if (payload.kind !== 'table') return { kind: 'change', deltas: [delta(ref, 'retire', row.image, null)] };
  return { kind: 'change', deltas: [delta(ref, 'update', row.image, BARE_TABLE), ...auditFields('retire')] };
}

function auditRefs({ kind }: SchemaObjectRow): readonly RowRef[] {
  return kind === 'table' ? AUDIT_COLUMNS.map(fieldRef) : [];
}

/** What W3 makes after an object, and so retires before it. */
function dependants({ name }: SchemaObjectRow): readonly RowRef[] {
  const inSchema = C1_OBJECTS.filter((object) => object.name !== C1_SCHEMA).map(subject);
  if (name === C1_SCHEMA) return inSchema;
  if (name !== C1_TABLE) return [];
  return [
    ...inSchema.filter(({ key }) => key !== C1_TABLE),
    { surface: 'collection_registry', key: C1_COLLECTION },
    { surface: 'table_registry', key: `${C1_SCHEMA}/${C1_COLLECTION}` },
  ];
}

function auditFields(op: 'insert' | 'retire'): readonly Delta[] {
  return AUDIT_COLUMNS.map((column, index) => {
    const image = fieldImage(column, VOCABULARY_COLUMNS.length + index + 1);
    return delta(fieldRef(column), op, op === 'insert' ? null : image, op === 'insert' ? image : null);
  });
}

function missingTable(): C1Error {
  return new C1Error('HOLD_PRESTATE_MOVED', {
    seen: `no table ${C1_TABLE}`,
    expected: 'the table that dot-collection-create makes',
    next: 'npx pulumi up, which creates the collection first',
  });
}

function subject({ name }: { readonly name: string }): RowRef {
  return { surface: 'schema_object', key: name };
}
