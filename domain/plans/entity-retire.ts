import { C1Error } from '../codes.ts';
import type { RowRef } from '../deltas.ts';
import { C1_DOT_CODES } from '../dots.ts';
import { admissionSubject } from '../ledger.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import { birthRef } from './admission-record.ts';
import {
  assertNoDrift,
  assertNothingStandsOn,
  type Claimant,
  claims,
  type DotPlan,
  type Plan,
  retireRow,
  withLedger,
} from './plan.ts';

export const RETIRABLE_SURFACES = ['species', 'birth_registry', 'admission_record'] as const;

export type EntityRetirePayload = {
  readonly surface: (typeof RETIRABLE_SURFACES)[number];
  readonly key: string;
};

/** W2's retire path: a status change on the named row, which must be claimed by the resource that asks. */
export const entityRetire: DotPlan<EntityRetirePayload> = {
  dot: 'DOT_ENTITY_RETIRE',
  subject,
  scope: (payload) => [subject(payload), ...dependants(payload)],
  apply: () => {
    throw new C1Error('ERROR_USAGE', { seen: 'an apply', expected: 'a retire: dot-entity-retire does nothing else' });
  },
  retire: (snapshot, payload, claimant) =>
    withLedger('DOT_ENTITY_RETIRE', 'retire', subject(payload), planRetire(snapshot, payload, claimant)),
};

function planRetire(snapshot: Snapshot, payload: EntityRetirePayload, claimant: Claimant): Plan {
  const ref = subject(payload);
  if (claims(snapshot, ref, claimant)) {
    assertNoDrift(snapshot, ref);
    const others = dependants(payload).filter((one) => dependsOn(snapshot, one, ref));
    assertNothingStandsOn(snapshot, ref, others);
  }
  return retireRow(snapshot, ref, claimant);
}

/** Rows that may stand on this one; the gateway function checks those of other DOTs as well. */
function dependants({ surface, key }: EntityRetirePayload): readonly RowRef[] {
  if (surface === 'species') return C1_DOT_CODES.map(birthRef);
  if (surface === 'birth_registry') return [{ surface: 'admission_record', key }];
  return [
    { surface: 'dot_ledger', key: admissionSubject(key) },
    { surface: 'dot_tools', key },
  ];
}

function dependsOn(snapshot: Snapshot, dependant: RowRef, ref: RowRef): boolean {
  return ref.surface !== 'species' || rowOf(snapshot, dependant)?.image.species_code === ref.key;
}

function subject({ surface, key }: EntityRetirePayload): RowRef {
  return { surface, key };
}
