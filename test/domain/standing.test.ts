import { expect, test } from 'vitest';
import { approvedBinsOf } from '../../domain/approval/bins.ts';
import { type AskedStep, type JudgedDecision, standingOf } from '../../domain/approval/standing.ts';
import type { ApprovalStatement, DecidedStep } from '../../domain/approval/statement.ts';
import { digestOf } from '../../domain/canonical.ts';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)] as const;
const asked: AskedStep = { stack: 'dryrun', step: 'W6', direction: 'retire', definition: null, bins: null };

function decision(approver: string, definition: string, change: Partial<JudgedDecision> = {}): JudgedDecision {
  const step: DecidedStep = {
    id: 'W6',
    definition_digest: definition.repeat(64),
    step_digest: 'c'.repeat(64),
    deltas: [],
  };
  const statement: ApprovalStatement = {
    ...{ schema: 'c1.approval/v1', stack: 'dryrun', target: { system: '1', database: '1', ssh_host_key: null } },
    ...{ direction: 'retire', plan_digest: 'd'.repeat(64), ledger: { entries: 1, head: null }, steps: [step] },
    bins: { digest: digestOf({ 'dot-a': A }), brought: { 'dot-b': [A, B] } },
    ...{ approver, decision: 'approve', expires_at: '2099-01-01T00:00:00Z' },
  };
  return { statement, isOver: false, spent: [], used: [], fingerprint: `SHA256:${approver}`, fault: null, ...change };
}

test('two owners who approved two different retires of a step did not agree; two who approved the same did', () => {
  const [one, other] = [decision('voter_owner_1', 'a'), decision('voter_owner_2', 'b')];
  expect(standingOf([one, other], asked).approvers).toHaveLength(1);
  expect(standingOf([one, other, decision('voter_owner_2', 'a')], asked).approvers).toHaveLength(2);
});

test('one key under two names is one owner', () => {
  const [one, other] = [
    decision('voter_owner_1', 'a'),
    decision('voter_owner_2', 'a', { fingerprint: 'SHA256:voter_owner_1' }),
  ];
  expect(standingOf([one, other], asked).approvers).toHaveLength(1);
  expect(standingOf([one, decision('voter_owner_2', 'a')], asked).approvers).toHaveLength(2);
});

test('an approval is of the bins that the plan was made with, and of those that it brings', () => {
  const both = [decision('voter_owner_1', 'a'), decision('voter_owner_2', 'a')];
  const approvers = (bins: Readonly<Record<string, string>>) => standingOf(both, { ...asked, bins });
  for (const bins of [{ 'dot-a': A }, { 'dot-a': A, 'dot-b': A }, { 'dot-a': A, 'dot-b': B }])
    expect(approvers(bins)).toMatchObject({ approvers: ['voter_owner_1', 'voter_owner_2'], faults: [] });
  expect(approvers({ 'dot-a': B }).faults[0]).toBe('voter_owner_1: approved with other bins than are installed now');
  expect(approvers({ 'dot-a': A, 'dot-c': A }).approvers).toEqual([]);
  const other = approvers({ 'dot-a': A, 'dot-b': 'c'.repeat(64) });
  expect([other.approvers, other.faults[1]]).toEqual([[], 'voter_owner_2: approved with another dot-b']);
});

test('what a patch of the plan puts in place may be what it was, or what the patch makes of it', () => {
  const proposed_action = {
    ...{ dot_code: 'DOT-310', file_path: '/opt/incomex/dot/bin/dot-b', patch_mode: 'full_replace' },
    ...{ session_code: 'S-C1', test_plan: ['runs'], version: '2.0.0', replaces: { version: '1.0.0', sha256: A } },
    ...{ alias: 'dot-b-c1', new_content_base64: `sha256:${B}`, incarnation: 0 },
    staged_files: [{ file: 'dot-c1-new', dot_code: 'DOT_C1_NEW', sha256: B }],
  };
  const delta = {
    surface: 'apr_requests',
    key: 'APR',
    op: 'insert',
    before: null,
    after: { proposed_action },
  } as const;
  const steps = [{ rows: [{ deltas: [delta] }] }] as unknown as Parameters<typeof approvedBinsOf>[0]['steps'];
  expect(approvedBinsOf({ bins: { 'dot-a': A, 'dot-b': A }, steps })).toEqual({
    digest: digestOf({ 'dot-a': A }),
    brought: { 'dot-b': [A, B], 'dot-b-c1': [B], 'dot-c1-new': [B] },
  });
});

test('a denied retire holds that retire of the step, and no other; a denied apply holds the step as it is declared', () => {
  const denial = (of: string) => {
    const one = decision('voter_owner_1', of);
    return { ...one, statement: { ...one.statement, decision: 'deny' as const } };
  };
  const approved = [decision('voter_owner_1', 'b'), decision('voter_owner_2', 'b')];
  expect(standingOf([...approved, denial('a')], asked)).toMatchObject({ approvers: { length: 2 }, deniedBy: [] });
  expect(standingOf([...approved, denial('b')], asked)).toMatchObject({ approvers: [], deniedBy: ['voter_owner_1'] });
});
