import { C1Error } from '../codes.ts';
import type { RowRef } from '../deltas.ts';
import { type DotPlan, retireRow, withLedger } from './plan.ts';

export const RETIRABLE_SURFACES = ['species', 'birth_registry', 'admission_record'] as const;

export type EntityRetirePayload = {
  readonly surface: (typeof RETIRABLE_SURFACES)[number];
  readonly key: string;
};

/** W2's retire path: a status change on the named row, which must be claimed by the resource that asks. */
export const entityRetire: DotPlan<EntityRetirePayload> = {
  dot: 'DOT_ENTITY_RETIRE',
  subject,
  scope: (payload) => [subject(payload)],
  apply: () => {
    throw new C1Error('ERROR_USAGE', { seen: 'an apply', expected: 'a retire: dot-entity-retire does nothing else' });
  },
  retire: (snapshot, payload, claimant) =>
    withLedger('DOT_ENTITY_RETIRE', 'retire', subject(payload), retireRow(snapshot, subject(payload), claimant)),
};

function subject({ surface, key }: EntityRetirePayload): RowRef {
  return { surface, key };
}
