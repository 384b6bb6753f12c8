import { describe, expect, test } from 'vitest';
import type { PlannedDeltas } from '../../domain/planned-deltas.ts';
import { assertHandlerFirst, assertThrough, countDeltas, planSteps } from '../../domain/program.ts';
import { assertIntegrity, type RuntimeState } from '../../domain/runtime-state.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { STEPS } from '../dots/support/rows.ts';
import { EMPTY, emptyRuntime, PLANNED, STATE } from './support/empty-runtime.ts';

const hold = (code: string) => expect.objectContaining({ code });
const NO_ENTRY = 'C1_LEGO_PLAN_HOLD_DOT_MANAGEMENT_LEDGER_NOT_UPDATED';
const TWICE = 'C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED';
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
    expect(new Set(counts.map(({ step }) => step))).toEqual(
      new Set(['H1', 'H4', 'W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'W7', 'W9']),
    );
    for (const surface of ['dot_tools', 'dot_ledger'] as const) {
      const planned = surface === 'dot_tools' ? 8 : 9;
      const count = counts.find((one) => one.step === 'W4' && one.surface === surface);
      expect(count).toMatchObject({ applied: 0, remaining: planned, planned });
    }
  });

  test('count the catalogue as the tools before it leave them, and come to the same where it was right already', () => {
    const recordCounts = (snapshot: Snapshot) => {
      const rows = planSteps(STEPS, snapshot, 'trial').find(({ step }) => step.id === 'W4')?.rows ?? [];
      const deltas = rows.flatMap((row) => row.deltas).filter(({ surface }) => surface === 'meta_catalog');
      return deltas.map(({ op, before, after }) => [op, before?.record_count, after?.record_count]);
    };
    expect(recordCounts(EMPTY)).toEqual([
      ['update', 163, 309],
      ['update', 309, 317],
    ]);
    expect(recordCounts(emptyRuntime(309))).toEqual([['update', 309, 317]]);
    expect(count(PLANNED, STATE, emptyRuntime(309))).toEqual(count());
  });

  test('are a mismatch as soon as one row more, one row less or another row is planned', () => {
    const less = planned('W2', ({ rows }) => ({ rows: { ...rows, species: {} } }));
    const more = planned('W3', ({ rows }) => ({ rows: { ...rows, species: { another: 'insert' } } }));
    const other = planned('W2', ({ rows }) => ({ rows: { ...rows, species: { another: 'insert' } } }));
    const runs = planned('W2', (found) => ({ runs: (found.runs ?? 0) + 1 }));
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

describe('the handler', () => {
  test.each(['H1', 'H4'])(
    'is a HOLD where %s is not applied and a write is live; before the first write it is not',
    (id) => {
      const other = id === 'H1' ? 'H4' : 'H1';
      const under = { ...STATE, steps: ['BASELINE', other, 'W1'] };
      expect(() => assertHandlerFirst(STEPS, under)).toThrow(hold('HOLD_HANDLER_UNDER_WRITES'));
      expect(() => assertHandlerFirst(STEPS, { ...STATE, steps: ['BASELINE', other] })).not.toThrow();
      expect(() => assertHandlerFirst(STEPS, { ...STATE, steps: ['BASELINE', 'H1', 'H4', 'W1'] })).not.toThrow();
    },
  );

  test('is planned as one change of the action, from unimplemented', () => {
    const rows = planSteps(STEPS, EMPTY, 'trial').find(({ step }) => step.id === 'H4')?.rows ?? [];
    const changes = rows.flatMap((row) => row.deltas).filter(({ surface }) => surface === 'apr_action_types');
    expect(changes.map(({ op, before, after }) => [op, before?.handler_ref, after?.handler_ref])).toEqual([
      ['update', 'unimplemented', 'dot-apr-execute:authorize_build_step'],
    ]);
  });
});

describe('a state is whole', () => {
  const BROKEN: readonly (readonly [string, Partial<RuntimeState>, string])[] = [
    ['the chain breaks', { ledger: { ...STATE.ledger, brokenAt: 3 } }, 'HOLD_LEDGER_CHAIN_BROKEN'],
    ['the ledger is empty', { ledger: { ...STATE.ledger, entries: 0, atBaseline: 0 } }, 'HOLD_LEDGER_CHAIN_BROKEN'],
    ['the guards changed', { guard: { seen: 'b', installed: 'a' } }, 'HOLD_GUARD_CHANGED'],
    ['no install was recorded', { guard: { seen: 'a', installed: null } }, 'HOLD_GUARD_CHANGED'],
    ['a tool has no entry', { toolsWithoutEntry: ['DOT_C1_X'], movedSurfaces: ['dot_tools'] }, NO_ENTRY],
    ['a tool is there twice', { toolsTwice: ['DOT_C1_X'], toolsWithoutEntry: ['DOT_C1_X'] }, TWICE],
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
