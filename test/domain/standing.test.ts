import { expect, test } from 'vitest';
import { type AskedStep, type JudgedDecision, standingOf } from '../../domain/approval/standing.ts';
import type { ApprovalStatement, DecidedStep } from '../../domain/approval/statement.ts';

const asked: AskedStep = { stack: 'dryrun', step: 'W6', direction: 'retire', definition: null };

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
