import { describe, expect, test } from 'vitest';
import type { Image, RowRef } from '../../domain/deltas.ts';
import { type RowGoal, reconcileRow, retireRow, withLedger } from '../../domain/plans/plan.ts';
import {
  type Claim,
  foldDeltas,
  liveClaimOf,
  type RowState,
  rowOf,
  type Snapshot,
  snapshotOf,
} from '../../domain/snapshot.ts';

const REF: RowRef = { surface: 'species', key: 'a' };
const OWNER = { stack: 'trial', resource: 'row' };
const ROW: Image = { code: 'a', name: 'One', status: 'active' };
const RETIRED: Image = { ...ROW, status: 'retired' };
const OTHER: Image = { ...ROW, name: 'Two' };
const GOAL: RowGoal = { ref: REF, desired: ROW, claimant: OWNER, collision: 'HOLD_SURFACE_EXISTS', updatable: false };
const LIVE: Claim = { ...OWNER, image: ROW, status: 'live', requestId: 'r' };
const RELEASED: Claim = { ...LIVE, image: RETIRED, status: 'released' };

function snapshot(row: RowState | null, claim: Claim | null): Snapshot {
  const rows = row === null ? [] : [{ ...REF, ...row }];
  return snapshotOf([REF], { rows, claims: claim === null ? [] : [{ ...REF, ...claim }], runs: [], counts: [] });
}

const live = (image: Image): RowState => ({ image, live: true });
const retired = (image: Image): RowState => ({ image, live: false });
const hold = (code: string) => expect.objectContaining({ code });

describe('a row that is to be there is', () => {
  test('inserted where it is absent', () => {
    const plan = { kind: 'change', deltas: [{ ...REF, op: 'insert', before: null, after: ROW }] };
    expect(reconcileRow(snapshot(null, null), GOAL)).toEqual(plan);
  });

  test('reinstated where ours was retired, whoever of us retired it', () => {
    const plan = { kind: 'change', deltas: [{ ...REF, op: 'reinstate', before: RETIRED, after: ROW }] };
    expect(reconcileRow(snapshot(retired(RETIRED), RELEASED), GOAL)).toEqual(plan);
    expect(reconcileRow(snapshot(retired(RETIRED), { ...RELEASED, stack: 'other' }), GOAL)).toEqual(plan);
  });

  test('left alone where it is as it should be', () => {
    const noop = { kind: 'noop', code: 'NOOP_ALREADY_THERE' };
    expect(reconcileRow(snapshot(live(ROW), LIVE), GOAL)).toEqual(noop);
    const turned = { status: 'active', name: 'One', code: 'a' };
    expect(reconcileRow(snapshot(live(turned), LIVE), GOAL)).toEqual(noop);
  });

  test('taken over from another resource of the same stack', () => {
    const claim = { ...LIVE, resource: 'before' };
    expect(reconcileRow(snapshot(live(ROW), claim), GOAL)).toEqual({ kind: 'takeClaim', refs: [REF] });
  });

  test('updated where its DOT can, and a HOLD where it cannot', () => {
    const seen = snapshot(live(OTHER), { ...LIVE, image: OTHER });
    const plan = { kind: 'change', deltas: [{ ...REF, op: 'update', before: OTHER, after: ROW }] };
    expect(reconcileRow(seen, { ...GOAL, updatable: true })).toEqual(plan);
    expect(() => reconcileRow(seen, GOAL)).toThrow(hold('HOLD_PRESTATE_MOVED'));
  });

  test('never adopted: one that nobody of ours claims or made is the collision of its goal', () => {
    for (const row of [live(ROW), live(OTHER), retired(RETIRED)]) {
      expect(() => reconcileRow(snapshot(row, null), GOAL)).toThrow(hold('HOLD_SURFACE_EXISTS'));
    }
    expect(() => reconcileRow(snapshot(live(ROW), RELEASED), GOAL)).toThrow(hold('HOLD_SURFACE_EXISTS'));
  });

  test('never taken from another stack', () => {
    const claim = { ...LIVE, stack: 'other' };
    expect(() => reconcileRow(snapshot(live(ROW), claim), GOAL)).toThrow(hold('HOLD_CLAIMED_ELSEWHERE'));
  });

  test('never repaired: one that is not as its DOT last wrote it is drift', () => {
    for (const row of [live(OTHER), retired(RETIRED), null]) {
      expect(() => reconcileRow(snapshot(row, LIVE), { ...GOAL, updatable: true })).toThrow(hold('HOLD_DRIFT'));
    }
    // The claim says retired and live at once: somebody wrote it by hand.
    const odd = { ...LIVE, image: RETIRED };
    expect(() => reconcileRow(snapshot(retired(RETIRED), odd), GOAL)).toThrow(hold('HOLD_DRIFT'));
  });

  test('drift names the column with both values', () => {
    expect(() => reconcileRow(snapshot(live(OTHER), LIVE), GOAL)).toThrow(
      /species\/a with name="Two", expected name="One"/,
    );
  });
});

describe('a row that is to go', () => {
  test('is retired by the resource that claims it', () => {
    const plan = { kind: 'change', deltas: [{ ...REF, op: 'retire', before: ROW, after: RETIRED }] };
    expect(retireRow(snapshot(live(ROW), LIVE), REF, OWNER)).toEqual(plan);
  });

  test('stays where somebody else claims it, nobody does, or it went before', () => {
    const noop = { kind: 'noop', code: 'NOOP_NOT_OURS' };
    const claims = [null, RELEASED, { ...LIVE, stack: 'other' }, { ...LIVE, resource: 'other' }];
    for (const claim of claims) expect(retireRow(snapshot(live(ROW), claim), REF, OWNER)).toEqual(noop);
    expect(retireRow(snapshot(retired(RETIRED), RELEASED), REF, OWNER)).toEqual(noop);
    expect(retireRow(snapshot(null, null), REF, OWNER)).toEqual(noop);
  });

  test('is drift where it is not as its DOT last wrote it', () => {
    for (const row of [live(OTHER), retired(RETIRED), null]) {
      expect(() => retireRow(snapshot(row, LIVE), REF, OWNER)).toThrow(hold('HOLD_DRIFT'));
    }
  });
});

describe('a snapshot', () => {
  test('answers for what was asked and stops for what was not, so that a forgotten read is never "absent"', () => {
    const other: RowRef = { surface: 'species', key: 'b' };
    const seen = snapshot(null, null);
    expect(rowOf(seen, REF)).toBeNull();
    expect(liveClaimOf(seen, REF)).toBeNull();
    expect(() => rowOf(seen, other)).toThrow(hold('ERROR_READ_FAILED'));
    expect(() => liveClaimOf(seen, other)).toThrow(hold('ERROR_READ_FAILED'));
    expect(() => reconcileRow(seen, { ...GOAL, ref: other })).toThrow(hold('ERROR_READ_FAILED'));
  });

  test('folded with the deltas of a plan makes the same plan a no-op, and its retire possible', () => {
    const owner = { ...OWNER, status: 'live', requestId: 'planned' } as const;
    const start = snapshot(null, null);
    const plan = reconcileRow(start, GOAL);
    const applied = foldDeltas(start, plan.kind === 'change' ? plan.deltas : [], owner);
    expect(reconcileRow(applied, GOAL)).toEqual({ kind: 'noop', code: 'NOOP_ALREADY_THERE' });
    expect(start.rows.size).toBe(0);
    const retire = retireRow(applied, REF, OWNER);
    const gone = foldDeltas(applied, retire.kind === 'change' ? retire.deltas : [], { ...owner, status: 'released' });
    expect(rowOf(gone, REF)).toEqual(retired(RETIRED));
    expect(reconcileRow(gone, GOAL)).toMatchObject({ deltas: [{ op: 'reinstate', before: RETIRED, after: ROW }] });
  });

  test('folded with the removal of an object has it no more', () => {
    const removal = { ...REF, op: 'retire', before: ROW, after: null } as const;
    const gone = foldDeltas(snapshot(live(ROW), LIVE), [removal], { ...LIVE, status: 'released' });
    expect([rowOf(gone, REF), liveClaimOf(gone, REF)]).toEqual([null, null]);
  });
});

test('a change brings its ledger entry, a claim that moves takes it along, a no-op has none', () => {
  const entry = { surface: 'dot_ledger', key: 'species/a' };
  const change = withLedger('DOT_SPECIES_REGISTER', 'apply', REF, reconcileRow(snapshot(null, null), GOAL));
  expect(change).toMatchObject({ deltas: [REF, { ...entry, op: 'insert', before: null }] });
  const taken = withLedger('DOT_SPECIES_REGISTER', 'apply', REF, { kind: 'takeClaim', refs: [REF] });
  expect(taken).toEqual({ kind: 'takeClaim', refs: [REF, entry] });
  const noop = { kind: 'noop', code: 'NOOP_ALREADY_THERE' } as const;
  expect(withLedger('DOT_SPECIES_REGISTER', 'apply', REF, noop)).toBe(noop);
});
