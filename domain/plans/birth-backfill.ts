import { C1Error } from '../codes.ts';
import type { RowRef } from '../deltas.ts';
import { FROZEN_DOT_CODES } from '../dots.ts';
import type { BirthRow } from '../payloads.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import type { DotPlan } from './plan.ts';
import { rowPlan } from './row-plan.ts';

const row = rowPlan<BirthRow>({
  dot: 'DOT_BIRTH_BACKFILL',
  surface: 'birth_registry',
  key: ({ dot_code }) => dot_code,
  image: (payload) => payload,
  collision: 'HOLD_SURFACE_EXISTS',
  updatable: false,
});

/** W2: the birth of one DOT, into a species that is registered and live. */
export const birthBackfill: DotPlan<BirthRow> = {
  ...row,
  scope: (payload) => [...row.scope(payload), speciesRef(payload)],
  apply: (snapshot, payload, claimant) => {
    assertBornByThisDot(payload);
    assertSpecies(snapshot, payload);
    return row.apply(snapshot, payload, claimant);
  },
};

/** @throws C1Error REJECT_FROZEN_DOT for a legacy birth DOT, ERROR_PAYLOAD_INVALID for any other than this one */
function assertBornByThisDot({ dot_code, born_by }: BirthRow): void {
  if (born_by === row.dot) return;
  const seen = `a birth of ${dot_code} by ${born_by}`;
  const isFrozen = FROZEN_DOT_CODES.some((code) => code === born_by);
  if (isFrozen)
    throw new C1Error('REJECT_FROZEN_DOT', { seen: `${seen} (FROZEN/MONITORED)`, expected: `born_by ${row.dot}` });
  throw new C1Error('ERROR_PAYLOAD_INVALID', { seen, expected: `born_by ${row.dot}, which writes it` });
}

function speciesRef({ species_code }: BirthRow): RowRef {
  return { surface: 'species', key: species_code };
}

function assertSpecies(snapshot: Snapshot, payload: BirthRow): void {
  if (rowOf(snapshot, speciesRef(payload))?.live === true) return;
  throw new C1Error('HOLD_ADMISSION_MISSING_OR_INVALID', {
    seen: `no active species ${payload.species_code} for the birth of ${payload.dot_code}`,
    expected: 'a species that was registered before',
  });
}
