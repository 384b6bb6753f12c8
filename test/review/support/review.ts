import { type DecisionOrder, type SignedApproval, statementFor } from '../../../domain/approval/statement.ts';
import type { PlanDocument, PlannedRow } from '../../../domain/planning/document.ts';
import type { StepId } from '../../../domain/steps/step.ts';
import { type ReviewInput, type ReviewView, reviewViewOf } from '../../../review/page/view.ts';
import { type ApprovalView, approvalViewOf, type FoundDecision } from '../../../review/plan/approval-view.ts';
import type { JournalEntry, Reading, RuntimeView } from '../../../review/plan/runtime-view.ts';
import { altered, documentOf, PROGRAM } from './plan.ts';

export const NOW = new Date('2026-06-23T10:00:00Z');
export const LATER = '2026-06-24T10:00:00Z';
export const AT = NOW.toISOString();

/** Of a stack that asks its owners; `change` alters what the program hands on, and the digest follows. */
export function planOf(change: (program: PlanDocument) => void = () => undefined): PlanDocument {
  return documentOf(
    altered(PROGRAM, (copy) => {
      copy.config.approvals = 'required';
      change(copy as PlanDocument);
    }),
  );
}
export const PLAN = planOf();

/** The same as a plan that takes back: every change the other way. */
export const RETIRE = planOf((plan) => {
  plan.direction = 'retire';
  for (const delta of plan.steps.flatMap(({ rows }) => rows).flatMap(({ deltas }) => deltas)) {
    const { before, after } = delta;
    Object.assign(delta, { op: 'retire', before: after, after: before });
  }
});

export function read(changes: Partial<RuntimeView> = {}): Reading {
  const { system, database } = PLAN.target;
  const view = {
    target: { system, database },
    knows_plan: true,
    runs: [],
    requests: [],
    live: {},
    decisions: [],
    quorum: 2,
    engine: false,
  };
  return { at: AT, fault: null, view: { ...view, ...changes } };
}

export function viewOf(changes: Partial<ReviewInput> = {}): ReviewView {
  const rest = { approvals: [], quorum: 2, reading: read(), evidence: { kind: 'none' } as const, now: NOW };
  return reviewViewOf({ plan: PLAN, ...rest, ...changes });
}

export function stepOf(id: StepId, plan: PlanDocument = PLAN) {
  const step = plan.steps.find((one) => one.id === id);
  if (step === undefined) throw new Error(`no step ${id}`);
  return step;
}

/** The runs that these rows come to. */
export function runsOf(rows: readonly PlannedRow[], changes: Partial<JournalEntry> = {}): readonly JournalEntry[] {
  return rows.map(({ owner, delta_digest }) => ({
    ...{ step: '', resource: owner, direction: 'apply' as const, outcome: 'applied' as const, delta_digest },
    ...changes,
  }));
}

export function signedOf(plan: PlanDocument, order: Partial<DecisionOrder> = {}): SignedApproval {
  const given = { approver: 'voter_owner_1', decision: 'approve' as const, expires_at: LATER, steps: null, ...order };
  return { statement: statementFor(plan, given), signature: '-----BEGIN SSH SIGNATURE-----', votes: [] };
}

/** A decision that holds and is entered, by a key of the approver's own. */
export function said(
  order: Partial<DecisionOrder> = {},
  found: Partial<FoundDecision> = {},
  plan = PLAN,
): ApprovalView {
  const { statement } = signedOf(plan, order);
  const { approver, decision } = statement;
  const known = {
    file: `${approver}-${decision}.json`,
    key: `SHA256:${approver}`,
    fault: null,
    entered: true,
    spent: [],
  };
  return approvalViewOf({ statement, ...known, ...found }, PLAN);
}
