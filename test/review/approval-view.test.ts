import { describe, expect, test } from 'vitest';
import {
  type ApprovalView,
  isShort,
  type Standing,
  standingsOf,
  unreadableApproval,
} from '../../review/plan/approval-view.ts';
import { altered } from './support/plan.ts';
import { NOW, PLAN, planOf, RETIRE, said, stepOf } from './support/review.ts';

const both = [said(), said({ approver: 'voter_owner_2' })];

function of(step: string, approvals: readonly ApprovalView[], plan = PLAN, quorum: number | null = 2): Standing {
  const found = standingsOf(plan, approvals, quorum, NOW).find((one) => one.step === step);
  if (found === undefined) throw new Error(`no standing of ${step}`);
  return found;
}

describe('where a step stands with its owners', () => {
  test('nobody has said anything: as many are missing as have to agree, and none where nothing is opened', () => {
    expect(of('W3', [])).toMatchObject({ isAsked: true, approvers: [], missing: 2, until: null });
    // It changes no row, and is opened all the same.
    expect(of('W8', [])).toMatchObject({ isAsked: true, missing: 2 });
    const there = altered(PLAN, (plan) => {
      for (const resource of plan.resources) if (resource.name === 'w8-open') resource.op = 'same';
    });
    expect(of('W8', [], there)).toMatchObject({ isAsked: false, missing: 0 });
    expect([of('W8', [], RETIRE).isAsked, of('W9', [], RETIRE).isAsked]).toEqual([false, true]);
    expect(of('W3', [], PLAN, null)).toMatchObject({ missing: 0 });
  });

  test('two owners are two, one owner with two files is one', () => {
    expect(of('W3', both)).toMatchObject({ approvers: ['voter_owner_1', 'voter_owner_2'], missing: 0 });
    expect(of('W3', [said(), said()])).toMatchObject({ approvers: ['voter_owner_1'], missing: 1 });
  });

  test('two names with one key are one owner', () => {
    const other = said({ approver: 'voter_owner_2' }, { key: 'SHA256:voter_owner_1' });
    expect(of('W3', [said(), other]).missing).toBe(1);
    expect(of('W3', both).missing).toBe(0);
  });

  test('what is signed and not entered is named: the runtime opens nothing by it', () => {
    const kept = said({ approver: 'voter_owner_2' }, { entered: false });
    expect(of('W3', [said(), kept])).toMatchObject({ missing: 0, notEntered: ['voter_owner_2'] });
    expect(isShort(of('W3', [said(), kept]))).toBe(true);
    expect([isShort(of('W3', both)), isShort(of('W3', [said()])), isShort(of('W3', [], PLAN, null))]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('of some steps is of these alone', () => {
    const some = [...both.slice(0, 1), said({ approver: 'voter_owner_2', steps: ['W3'] })];
    expect([of('W3', some).missing, of('W4', some).missing]).toEqual([0, 1]);
  });

  test('ends when the first of them ends, and not before', () => {
    const early = said({ approver: 'voter_owner_2', expires_at: '2026-06-23T12:00:00+01:00' });
    expect(of('W3', [said(), early]).until).toBe('2026-06-23T12:00:00+01:00');
    const over = said({ approver: 'voter_owner_2', expires_at: NOW.toISOString() });
    expect(of('W3', [said(), over])).toMatchObject({ approvers: ['voter_owner_1'], missing: 1 });
  });

  test('is of this occasion: what was taken back since, and comes again, is asked about anew', () => {
    const before = said({ approver: 'voter_owner_2' }, { spent: ['W3'] });
    expect([of('W3', [said(), before]).missing, of('W4', [said(), before]).missing]).toEqual([1, 0]);
  });

  test('a denial stays, also past its time and beside an approval of the same owner', () => {
    const no = said({ approver: 'voter_owner_2', decision: 'deny', steps: ['W3'], expires_at: '2026-06-01T00:00:00Z' });
    expect(of('W3', [...both, no])).toMatchObject({ deniers: ['voter_owner_2'], approvers: ['voter_owner_1'] });
    expect(of('W4', [...both, no])).toMatchObject({ deniers: [], missing: 0 });
  });

  test.each([
    ['the signature does not hold', said({}, { key: null, fault: 'REJECT_UNKNOWN_SIGNER: nobody' })],
    [
      'it is of another stack',
      said(
        {},
        {},
        planOf((plan) => void Object.assign(plan, { stack: 'other' })),
      ),
    ],
    [
      'it is of another runtime',
      said(
        {},
        {},
        planOf((plan) => void Object.assign(plan.target, { system: '9' })),
      ),
    ],
    ['it is of the other direction', said({}, {}, RETIRE)],
    ['the file cannot be read', unreadableApproval('x.json', 'no JSON')],
  ])('it counts for nothing where %s', (_, one) => {
    expect(one.fault).not.toBeNull();
    expect(of('W3', [one])).toMatchObject({ approvers: [], missing: 2 });
    expect(of('W3', [said()])).toMatchObject({ approvers: ['voter_owner_1'], missing: 1 });
  });

  test('an approval is of the very rows and the very definition', () => {
    const other = planOf((plan) => {
      const row = stepOf('W3', plan).rows[0];
      if (row !== undefined) row.delta_digest = 'f'.repeat(64);
    });
    expect(of('W3', both, other)).toMatchObject({ approvers: [] });
    expect(of('W4', both, other)).toMatchObject({ missing: 0 });
    const redefined = planOf((plan) => void Object.assign(stepOf('W3', plan), { definition_digest: 'f'.repeat(64) }));
    expect(of('W3', both, redefined)).toMatchObject({ approvers: [] });
  });

  test('what was applied of it leaves the rest approved', () => {
    const half = altered(PLAN, (plan) => {
      const step = stepOf('W3', plan);
      step.step_digest = 'f'.repeat(64);
      for (const row of step.rows.slice(0, 3)) row.deltas = [];
    });
    expect(of('W3', both, half)).toMatchObject({ missing: 0 });
    const no = said({ decision: 'deny', steps: ['W3'] });
    expect(of('W3', [no], half).deniers).toEqual(['voter_owner_1']);
  });

  test('taking back asks for the rows, whatever the step is declared as by now', () => {
    const half = altered(RETIRE, (plan) => {
      const step = stepOf('W3', plan);
      Object.assign(step, { definition_digest: 'f'.repeat(64), step_digest: 'f'.repeat(64) });
      for (const row of step.rows.slice(0, 3)) row.deltas = [];
    });
    const yes = { ...said({}, {}, RETIRE), fault: null };
    expect(of('W3', [yes], half).approvers).toEqual(['voter_owner_1']);
    const other = altered(half, (plan) => {
      for (const row of stepOf('W3', plan).rows) row.delta_digest = 'f'.repeat(64);
    });
    expect(of('W3', [yes], other).approvers).toEqual([]);
    expect(of('W3', [{ ...yes, decision: 'deny' }], other).deniers).toEqual(['voter_owner_1']);
  });
});
