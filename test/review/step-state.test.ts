import { describe, expect, test } from 'vitest';
import type { StepId } from '../../domain/steps/step.ts';
import { overall } from '../../review/page/overall.ts';
import type { ReviewInput } from '../../review/page/view.ts';
import type { Reading } from '../../review/plan/runtime-view.ts';
import { documentOf, PROGRAM, RESOURCES } from './support/plan.ts';
import { AT, PLAN, planOf, RETIRE, read, runsOf, said, stepOf, viewOf } from './support/review.ts';

const rows = (...ids: readonly StepId[]) => ids.flatMap((id) => stepOf(id).rows);
const W2 = stepOf('W2').rows;
const yes = [said(), said({ approver: 'voter_owner_2' })];
const no = said({ decision: 'deny', steps: ['W7'] });
const REQUEST = stepOf('W1').rows[0]?.deltas[0]?.key ?? '';
const asked = { apr_code: REQUEST, status: 'pending', approvals: 1, quorum: false };

function of(step: string, changes: Partial<ReviewInput>) {
  const view = viewOf(changes);
  const found = view.steps.find((one) => one.step.id === step);
  return { state: found?.state, why: found?.why, rows: found?.rows, all: overall(view).text };
}
const reading = (changes: Parameters<typeof read>[0]) => ({ reading: read(changes) });

describe('the state of a step', () => {
  test('is planned until enough owners agreed, then approved', () => {
    expect(of('W3', {})).toMatchObject({ state: 'planned', why: '2 more to approve' });
    expect(of('W3', {}).all).toMatch(/^WAITS FOR APPROVAL of 16 steps: \d+ row changes to come$/);
    expect(of('W3', { approvals: yes })).toMatchObject({ state: 'approved', why: 'by voter_owner_1, voter_owner_2' });
    expect(of('W3', { approvals: yes }).all).toMatch(/^APPROVED: /);
    expect(of('W8', {})).toMatchObject({ state: 'planned', why: '2 more to approve' });
    expect(of('W8', { plan: RETIRE }).why).toBe('it changes no row, so nobody has to approve it');
    const kept = of('W3', { approvals: [said(), said({ approver: 'voter_owner_2' }, { entered: false })] });
    expect(kept).toMatchObject({ state: 'planned', why: 'signed by voter_owner_2, and not entered in the runtime' });
    expect(kept.all).toMatch(/^SIGNED, NOT ENTERED in the runtime: 16 steps; /);
    const free = documentOf();
    expect(of('W3', { plan: free, quorum: null }).why).toBe('this stack asks for no approval');
    expect(of('W3', { plan: free, quorum: null }).all).toMatch(/^PLANNED, no approval asked for: /);
  });

  test('is denied by an owner, whoever else agreed', () => {
    expect(of('W7', { approvals: [...yes, no] })).toMatchObject({ state: 'denied', all: 'DENIED: W7' });
    expect(of('W7', { approvals: yes }).state).toBe('approved');
  });

  test('is denied where its approval request was, and held where that waits for owners', () => {
    expect(of('W1', reading({ requests: [{ ...asked, status: 'denied' }] })).state).toBe('denied');
    const held = of('W1', reading({ requests: [asked], runs: runsOf(rows('W1').slice(0, 1)) }));
    expect(held).toMatchObject({
      state: 'held',
      why: `its request ${REQUEST} waits for the owners, with 1 approval so far`,
    });
    expect(held.all).toContain('HELD at W1');
    expect(of('W1', { approvals: yes, ...reading({ requests: [{ ...asked, quorum: true }] }) }).state).toBe('approved');
    // A request of an earlier plan says nothing of this one.
    expect(
      of('W1', { approvals: yes, ...reading({ requests: [{ ...asked, apr_code: 'APR-OLD', status: 'denied' }] }) })
        .state,
    ).toBe('approved');
  });

  test('is under way with an engine at work, and held without one, or where nobody can tell', () => {
    const runs = [
      ...runsOf(rows('BASELINE', 'H1', 'H4', 'W1')),
      ...runsOf(W2.slice(0, 3)),
      ...runsOf(W2.slice(3, 4), { outcome: 'intent' }),
    ];
    const under = of('W2', reading({ runs, engine: true }));
    expect(under).toMatchObject({ state: 'under way', why: `3 of ${W2.length} commands done` });
    expect(under.rows?.slice(2, 5)).toEqual(['done', 'begun', 'to come']);
    expect(under.all).toBe('UNDER WAY: 8 of 16 steps done');
    expect(of('W2', reading({ runs, engine: false }))).toMatchObject({
      state: 'held',
      why: expect.stringContaining('no engine is at work'),
    });
    expect(of('W2', reading({ runs, engine: null }))).toMatchObject({
      state: 'held',
      why: expect.stringContaining('cannot be told'),
    });
  });

  test('is applied when each of its commands is; a step without a run of its own when a later one is', () => {
    const runs = runsOf(rows('BASELINE', 'H1'));
    expect(of('H1', reading({ runs })).state).toBe('applied');
    expect(of('H2', reading({ runs })).state).toBe('planned');
    expect(of('H2', reading({ runs: [...runs, ...runsOf(rows('H4'))] })).state).toBe('applied');
    const last = runsOf(PLAN.steps.flatMap((step) => step.rows));
    expect(viewOf(reading({ runs: last })).steps.map(({ state }) => state)).toEqual(PLAN.steps.map(() => 'applied'));
    expect(of('W6', reading({ runs: last })).all).toBe('APPLIED: as planned here');
    expect(of('W6', reading({ runs: runsOf(rows('W6')) })).state).toBe('planned');
  });

  test('is held where the runtime applied other rows than these', () => {
    const other = runsOf(rows('W9'), { delta_digest: 'f'.repeat(64) });
    expect(of('W9', reading({ runs: other }))).toMatchObject({
      state: 'held',
      why: expect.stringContaining('other rows'),
      rows: ['other'],
    });
    expect(of('W9', reading({ runs: runsOf(rows('W9')) })).state).toBe('applied');
  });

  test('is retired when it was taken back since, and so are the steps without a run before it', () => {
    const applied = runsOf(PLAN.steps.flatMap((step) => step.rows));
    const back = (...ids: readonly StepId[]) =>
      runsOf(rows(...ids), { direction: 'retire', delta_digest: '0'.repeat(64) });
    const some = of('W8', reading({ runs: [...applied, ...back('W9', 'W7')] }));
    expect(some).toMatchObject({ state: 'retired', all: 'PARTLY TAKEN BACK: W7, W8, W9' });
    expect(of('W6', reading({ runs: [...applied, ...back('W9', 'W7')], engine: true })).all).toMatch(
      /^BEING TAKEN BACK: W7, W8, W9$/,
    );
    expect(of('W5', reading({ runs: [...applied, ...back('W9', 'W7')] })).state).toBe('applied');
    const all = viewOf(
      reading({ runs: [...applied, ...back('W9', 'W7', 'W5', 'W4', 'W3', 'W2', 'W1', 'H4', 'H1', 'BASELINE')] }),
    );
    expect(new Set(all.steps.map(({ state }) => state))).toEqual(new Set(['retired']));
    expect(overall(all).text).toMatch(/^TAKEN BACK since: /);
  });

  test('of a plan that takes back is retired when it is done, and applied is none of its states', () => {
    const retired = runsOf(RETIRE.steps.find(({ id }) => id === 'W9')?.rows ?? [], { direction: 'retire' });
    const plan = { plan: RETIRE, approvals: [] };
    expect(of('W9', { ...plan, ...reading({ runs: retired }) })).toMatchObject({
      state: 'retired',
      why: 'its one command is done',
    });
    expect(of('W9', { ...plan, ...reading({}) }).all).toMatch(
      /^WAITS FOR APPROVAL of 11 steps: \d+ row changes to take back$/,
    );
    const all = RETIRE.steps.flatMap((step) => step.rows);
    expect(of('W9', { ...plan, ...reading({ runs: runsOf(all, { direction: 'retire' }) }) }).all).toBe(
      'TAKEN BACK: as planned here',
    );
  });

  test('before a plan that finds all of it there is applied', () => {
    const settled = documentOf(
      {
        ...PROGRAM,
        steps: PROGRAM.steps.map((step) => ({ ...step, rows: step.rows.map((row) => ({ ...row, deltas: [] })) })),
      },
      RESOURCES.map((one) => ({ ...one, op: 'same' })),
    );
    expect(of('W3', { plan: settled, quorum: null })).toMatchObject({
      state: 'applied',
      why: 'was applied before this plan',
    });
    expect(of('W3', { plan: settled, quorum: null }).all).toMatch(/^NOTHING TO DO/);
    const gone = runsOf(rows('W9'), { direction: 'retire' });
    expect(of('W9', { plan: settled, ...reading({ runs: gone }) }).all).toMatch(/^PARTLY TAKEN BACK: W9/);
  });
});

describe('a runtime that says nothing of the plan', () => {
  const failed: Reading = { at: AT, view: null, fault: 'ERROR_RUNTIME_UNREACHABLE: nobody answers' };
  test.each<readonly [string, Reading]>([
    ['does not answer', failed],
    ['is another one', read({ target: { system: '9', database: '2' } })],
    ['does not have the entry that the plan was made on', read({ knows_plan: false })],
  ])('cannot be read where it %s, which is never "planned"', (_, said) => {
    const view = viewOf({ reading: said, approvals: [...yes, no] });
    expect(new Set(view.steps.map(({ state }) => state))).toEqual(new Set(['cannot be read']));
    expect(new Set(view.steps.flatMap((one) => one.rows))).toEqual(new Set(['unread']));
    expect(overall(view)).toMatchObject({ isHold: true, text: expect.stringMatching(/^CANNOT BE READ: /) });
    expect(viewOf({ approvals: yes }).steps.map(({ state }) => state)).not.toContain('cannot be read');
  });

  test('a plan with rows that nobody planned is different, before anything else', () => {
    const plan = planOf(
      (copy) => void copy.differences.push({ where: 'W3 species/x', seen: 'insert', expected: 'no such row' }),
    );
    expect(overall(viewOf({ plan }))).toMatchObject({
      isHold: true,
      text: expect.stringMatching(/^DIFFERENT: 1 difference/),
    });
  });
});
