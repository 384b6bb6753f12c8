import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type PlannedDeltas, parsePlannedDeltas } from '../../domain/planned-deltas.ts';
import { assertThrough, countDeltas, planSteps, refsOf } from '../../domain/program.ts';
import { assertIntegrity, type RuntimeState } from '../../domain/runtime-state.ts';
import { type Snapshot, snapshotOf } from '../../domain/snapshot.ts';
import { STEPS } from '../dots/support/rows.ts';

const PLANNED = parsePlannedDeltas(
  parse(readFileSync(path.resolve(import.meta.dirname, '../../planned-deltas.yaml'), 'utf8')),
);
const EMPTY = snapshotOf(refsOf(STEPS), { rows: [], claims: [], runs: [], counts: [] });
const STATE: RuntimeState = {
  counters: { species: { live: 12, total: 12 } },
  baseline: { stack: 'trial', status: 'open', counters: {}, position: 1 },
  ...{ stepDeltas: {}, movedSurfaces: [], drift: [], vocabularyRows: 0, bins: null, steps: [], approvals: 'none' },
  ledger: { brokenAt: null, entries: 46, atBaseline: 46, runs: 0, head: 'a' },
  guard: { seen: 'a', installed: 'a' },
  target: { system: '1', database: '2' },
};

const hold = (code: string) => expect.objectContaining({ code });
const MISMATCH = hold('HOLD_PREVIEW_DELTA_MISMATCH');

function count(planned: PlannedDeltas = PLANNED, state: RuntimeState = STATE, snapshot: Snapshot = EMPTY) {
  return countDeltas(planSteps(STEPS, snapshot, 'trial'), planned, state);
}

/** The planned deltas with one step's part changed. */
function planned(
  step: 'W2' | 'W3',
  change: (found: NonNullable<PlannedDeltas['steps']['W2']>) => object,
): PlannedDeltas {
  const found = PLANNED.steps[step];
  if (found === undefined) throw new Error(`no ${step}`);
  return { steps: { ...PLANNED.steps, [step]: { ...found, ...change(found) } } };
}

describe('on a fresh runtime the plans of all steps', () => {
  test('come to the planned deltas, each on the state that the rows before it leave', () => {
    const counts = count();
    expect(counts.find(({ step, surface }) => step === 'W2' && surface === 'birth_registry')).toMatchObject({
      ...{ applied: 0, remaining: 8, planned: 8 },
    });
    expect(counts.every(({ applied, remaining, planned }) => applied + remaining === planned)).toBe(true);
    expect(new Set(counts.map(({ step }) => step))).toEqual(new Set(['W2', 'W3']));
  });

  test('are a mismatch as soon as one row more, one row less or another row is planned', () => {
    const less = planned('W2', ({ rows }) => ({ rows: { ...rows, species: {} } }));
    const more = planned('W3', ({ rows }) => ({ rows: { ...rows, species: { another: 'insert' } } }));
    const other = planned('W2', ({ rows }) => ({ rows: { ...rows, species: { another: 'insert' } } }));
    const runs = planned('W2', (found) => ({ runs: found.runs + 1 }));
    for (const wrong of [less, more, other, runs]) expect(() => count(wrong)).toThrow(MISMATCH);
    expect(() => count()).not.toThrow();
  });

  test('are a mismatch when rows are applied already and planned again', () => {
    const state = { ...STATE, stepDeltas: { W2: { species: 1 } } };
    expect(() => count(PLANNED, state)).toThrow(MISMATCH);
  });
});

describe('lowering c1:through', () => {
  test('below a step that has live rows is a HOLD, at it or above it is not', () => {
    const state = { ...STATE, steps: ['BASELINE', 'W2', 'W3'] };
    expect(() => assertThrough('W2', state)).toThrow(hold('HOLD_THROUGH_BELOW_APPLIED'));
    expect(() => assertThrough('BASELINE', state)).toThrow(hold('HOLD_THROUGH_BELOW_APPLIED'));
    expect(() => assertThrough('W3', state)).not.toThrow();
    expect(() => assertThrough('W2', STATE)).not.toThrow();
  });
});

describe('a state is whole', () => {
  const BROKEN: readonly (readonly [string, Partial<RuntimeState>, string])[] = [
    ['the chain breaks', { ledger: { ...STATE.ledger, brokenAt: 3 } }, 'HOLD_LEDGER_CHAIN_BROKEN'],
    ['the ledger is empty', { ledger: { ...STATE.ledger, entries: 0, atBaseline: 0 } }, 'HOLD_LEDGER_CHAIN_BROKEN'],
    ['the guards changed', { guard: { seen: 'b', installed: 'a' } }, 'HOLD_GUARD_CHANGED'],
    ['no install was recorded', { guard: { seen: 'a', installed: null } }, 'HOLD_GUARD_CHANGED'],
    ['a row drifted', { drift: [{ surface: 'species', key: 'a', written: { n: 1 }, seen: null }] }, 'HOLD_DRIFT'],
    ['a surface moved', { movedSurfaces: ['species'] }, 'HOLD_COUNTER_DRIFT'],
    ['an entry is one too many', { ledger: { ...STATE.ledger, entries: 47 } }, 'HOLD_COUNTER_DRIFT'],
    ['an entry is missing', { ledger: { ...STATE.ledger, runs: 1 } }, 'HOLD_COUNTER_DRIFT'],
  ];
  test.each(BROKEN)('unless %s', (_, change, code) => {
    expect(() => assertIntegrity({ ...STATE, ...change })).toThrow(hold(code));
    expect(assertIntegrity(STATE)).toBeGreaterThan(40);
  });

  test('without a baseline too, when there is none to compare with', () => {
    expect(assertIntegrity({ ...STATE, baseline: null, movedSurfaces: ['species'] })).toBeGreaterThan(40);
  });
});
