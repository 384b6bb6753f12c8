import type { DecidedStep, PlanDecision, SignedApproval } from '../../domain/approval/statement.ts';
import type { PlanDocument, PlannedStep } from '../../domain/planning/document.ts';
import type { StepId } from '../../domain/steps/step.ts';

/** One file below `approvals/<stack>/`, and whether it counts for the plan: a file that cannot be read is one as well. */
export interface ApprovalView {
  readonly file: string;
  /** Null where the file cannot be read. */
  readonly approver: string | null;
  readonly decision: PlanDecision | null;
  readonly steps: readonly DecidedStep[];
  /** ISO 8601; null where the file cannot be read. */
  readonly expires_at: string | null;
  /** The signature is the approver's own, over this very statement, by a key that is allowed to. */
  readonly holds: boolean;
  /** Why it counts for nothing, or for less than it says; null where nothing is wrong with it. */
  readonly fault: string | null;
}

/** Where a step stands with the owners. */
export interface Standing {
  readonly step: StepId;
  /** False where the step changes no row: there is nothing to say yes to. */
  readonly isAsked: boolean;
  readonly approvers: readonly string[];
  readonly deniers: readonly string[];
  /** When the first of these approvals ends; null without one. */
  readonly until: string | null;
  /** How many more are needed; 0 also where the stack asks for none. */
  readonly missing: number;
}

/** A file that was read, as it counts for one plan. @param signatureFault null where the signature holds */
export function approvalViewOf(
  file: string,
  { statement }: SignedApproval,
  signatureFault: string | null,
  plan: PlanDocument,
): ApprovalView {
  const { approver, decision, steps, expires_at } = statement;
  const holds = signatureFault === null;
  return { file, approver, decision, steps, expires_at, holds, fault: signatureFault ?? otherPlan(statement, plan) };
}

/** A file whose content nobody can tell. It stands on the page all the same: it may be a denial. */
export function unreadableApproval(file: string, fault: string): ApprovalView {
  return { file, approver: null, decision: null, steps: [], expires_at: null, holds: false, fault };
}

function otherPlan(statement: SignedApproval['statement'], plan: PlanDocument): string | null {
  const { system, database, ssh_host_key } = plan.target;
  const { target } = statement;
  if (statement.stack !== plan.stack) return `for the stack ${statement.stack}`;
  if (statement.direction !== plan.direction) return `for the direction ${statement.direction}`;
  if (target.system !== system || target.database !== database || target.ssh_host_key !== ssh_host_key) {
    return `for another runtime: system ${target.system}, database ${target.database}`;
  }
  return null;
}

/** @param quorum how many owners have to agree; null where the stack asks for none */
export function standingsOf(
  plan: PlanDocument,
  approvals: readonly ApprovalView[],
  quorum: number | null,
  now: Date,
): readonly Standing[] {
  const valid = approvals.filter(({ holds, fault }) => holds && fault === null);
  return plan.steps.map((step) => standingOf(step, valid, quorum, now));
}

function standingOf(step: PlannedStep, valid: readonly ApprovalView[], quorum: number | null, now: Date): Standing {
  const isAsked = changesOf(step).length > 0;
  const deniers = namesOf(valid.filter((one) => one.decision === 'deny' && speaksOf(one, step)));
  const yes = valid.filter((one) => one.decision === 'approve' && !isOver(one, now) && covers(one, step));
  // Who said no is not counted, whatever he said before or after.
  const counted = yes.filter(({ approver }) => !deniers.includes(approver ?? ''));
  const approvers = namesOf(counted);
  const ends = counted.map(({ expires_at }) => expires_at ?? '').toSorted((a, b) => Date.parse(a) - Date.parse(b));
  const missing = isAsked ? Math.max(0, (quorum ?? 0) - approvers.length) : 0;
  return { step: step.id, isAsked, approvers, deniers, until: ends[0] ?? null, missing };
}

/** Time ends an approval; a denial stays. */
export function isOver({ decision, expires_at }: ApprovalView, now: Date): boolean {
  return decision === 'approve' && expires_at !== null && Date.parse(expires_at) <= now.getTime();
}

/** An approval is of the very rows: each that is still to come is in it. What was applied of it already leaves the rest approved. */
export function covers({ steps }: Pick<ApprovalView, 'steps'>, step: PlannedStep): boolean {
  const said = steps.find(({ id }) => id === step.id);
  if (said === undefined || said.definition_digest !== step.definition_digest) return false;
  return changesOf(step).every(({ owner, delta_digest }) => names(said, owner, delta_digest));
}

/** A denial of any row of a step stops the step. */
function speaksOf({ steps }: ApprovalView, step: PlannedStep): boolean {
  const said = steps.find(({ id }) => id === step.id);
  if (said === undefined) return false;
  if (said.step_digest === step.step_digest || covers({ steps }, step)) return true;
  return changesOf(step).some(({ owner, delta_digest }) => names(said, owner, delta_digest));
}

function names({ deltas }: DecidedStep, owner: string, digest: string): boolean {
  return deltas.some((one) => one.resource === owner && one.digest === digest);
}

function changesOf({ rows }: PlannedStep): PlannedStep['rows'] {
  return rows.filter(({ deltas }) => deltas.length > 0);
}

function namesOf(views: readonly ApprovalView[]): readonly string[] {
  return [...new Set(views.flatMap(({ approver }) => (approver === null ? [] : [approver])))].toSorted();
}
