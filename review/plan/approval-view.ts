import {
  type ApprovalStatement,
  type DecidedStep,
  type PlanDecision,
  statementDigest,
} from '../../domain/approval/statement.ts';
import type { PlanDocument, PlannedStep } from '../../domain/planning/document.ts';
import type { StepId } from '../../domain/steps/step.ts';

/** A decision of an owner, and whether it counts for the plan: a file that cannot be read is one as well. */
export interface ApprovalView {
  /** Name of the file below `approvals/<stack>/`; null where only the runtime has it. */
  readonly file: string | null;
  /** Null where the file cannot be read. */
  readonly approver: string | null;
  readonly decision: PlanDecision | null;
  readonly steps: readonly DecidedStep[];
  /** ISO 8601; null where the file cannot be read. */
  readonly expires_at: string | null;
  /** Fingerprint of the key that signed; null where the signature does not hold. Two names with one key are one owner. */
  readonly key: string | null;
  /** The signature is the approver's own, over this very statement, by a key that is allowed to. */
  readonly holds: boolean;
  /** Whether the runtime has it, entered by the owner's own login; null where the runtime could not be asked. */
  readonly entered: boolean | null;
  /** Steps that a run went through in the other direction since: of what comes now it says nothing. */
  readonly spent: readonly string[];
  /** Why it counts for nothing, or for less than it says; null where nothing is wrong with it. */
  readonly fault: string | null;
}

/** Where a step stands with the owners. */
export interface Standing {
  readonly step: StepId;
  /** False where the step is not opened, so that there is nothing to say yes to. */
  readonly isAsked: boolean;
  readonly approvers: readonly string[];
  /** Those of them whose decision the runtime does not have: it opens nothing yet. */
  readonly notEntered: readonly string[];
  /** As many as have to agree; null where the stack asks for none. */
  readonly quorum: number | null;
  readonly deniers: readonly string[];
  /** When the first of these approvals ends; null without one. */
  readonly until: string | null;
  /** How many more are needed; 0 also where the stack asks for none. */
  readonly missing: number;
}

/** A decision with what is known of it beside its own words. */
export interface FoundDecision {
  readonly file: string | null;
  readonly statement: ApprovalStatement;
  readonly key: string | null;
  /** Null where the signature holds. */
  readonly fault: string | null;
  readonly entered: boolean | null;
  readonly spent: readonly string[];
}

export function approvalViewOf(
  { file, statement, key, fault, entered, spent }: FoundDecision,
  plan: PlanDocument,
): ApprovalView {
  const { approver, decision, steps, expires_at } = statement;
  const said = { file, approver, decision, steps, expires_at, key, entered, spent };
  return { ...said, holds: fault === null, fault: fault ?? otherPlan(statement, plan) };
}

/** A file whose content nobody can tell. It stands on the page all the same: it may be a denial. */
export function unreadableApproval(file: string, fault: string): ApprovalView {
  return {
    file,
    approver: null,
    decision: null,
    steps: [],
    expires_at: null,
    key: null,
    holds: false,
    entered: null,
    spent: [],
    fault,
  };
}

/** Whether both are one and the same decision. */
export function isSame(one: ApprovalStatement, other: ApprovalStatement): boolean {
  return statementDigest(one) === statementDigest(other);
}

function otherPlan(statement: ApprovalStatement, plan: PlanDocument): string | null {
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
  return plan.steps.map((step) => standingOf(plan, step, valid, quorum, now));
}

function standingOf(
  plan: PlanDocument,
  step: PlannedStep,
  valid: readonly ApprovalView[],
  quorum: number | null,
  now: Date,
): Standing {
  const asked = isAsked(plan, step);
  const deniers = namesOf(valid.filter((one) => one.decision === 'deny' && speaksOf(one, plan, step)));
  const yes = valid.filter((one) => one.decision === 'approve' && !isOver(one, now) && covers(one, plan, step));
  // Who said no is not counted, whatever he said before or after.
  const counted = yes.filter(({ approver }) => !deniers.includes(approver ?? ''));
  const approvers = namesOf(byKey(counted));
  const entered = namesOf(byKey(counted.filter((one) => one.entered !== false)));
  const ends = counted.map(({ expires_at }) => expires_at ?? '').toSorted((a, b) => Date.parse(a) - Date.parse(b));
  return {
    ...{ step: step.id, isAsked: asked, approvers, deniers, until: ends[0] ?? null, quorum },
    notEntered: approvers.filter((name) => !entered.includes(name)),
    missing: asked ? Math.max(0, (quorum ?? 0) - approvers.length) : 0,
  };
}

/**
 * A step whose open runs is asked about, also where it changes no row; taking back asks about steps that have rows. Without a
 * preview only the rows are known.
 */
function isAsked({ direction, resources }: PlanDocument, step: PlannedStep): boolean {
  if (changesOf(step).length > 0) return true;
  const open = resources.find(({ name }) => name === `${step.id.toLowerCase()}-open`);
  return direction === 'apply' && open !== undefined && open.op !== 'same';
}

/** Enough have signed, and not enough of it is in the runtime, which alone opens a run. */
export function isShort({ approvers, notEntered, missing, quorum }: Standing): boolean {
  return quorum !== null && missing === 0 && approvers.length - notEntered.length < quorum;
}

/** Time ends an approval; a denial stays. */
export function isOver({ decision, expires_at }: ApprovalView, now: Date): boolean {
  return decision === 'approve' && expires_at !== null && Date.parse(expires_at) <= now.getTime();
}

/**
 * An approval is of the step as it is declared, and of the very rows: each that is still to come is in it. What was applied of
 * it already leaves the rest approved. A retire is of whatever is there, so that no definition is held against it.
 */
function covers({ steps, spent }: ApprovalView, { direction }: PlanDocument, step: PlannedStep): boolean {
  const said = steps.find(({ id }) => id === step.id);
  if (said === undefined || spent.includes(step.id)) return false;
  if (direction === 'apply' && said.definition_digest !== step.definition_digest) return false;
  return changesOf(step).every(({ owner, delta_digest }) => names(said, owner, delta_digest));
}

/** A denial of a step as it is declared, or of any row of it, stops the step. */
function speaksOf({ steps }: ApprovalView, { direction }: PlanDocument, step: PlannedStep): boolean {
  const said = steps.find(({ id }) => id === step.id);
  if (said === undefined) return false;
  if (direction === 'retire' || said.definition_digest === step.definition_digest) return true;
  return changesOf(step).some(({ owner, delta_digest }) => names(said, owner, delta_digest));
}

function names({ deltas }: DecidedStep, owner: string, digest: string): boolean {
  return deltas.some((one) => one.resource === owner && one.digest === digest);
}

function changesOf({ rows }: PlannedStep): PlannedStep['rows'] {
  return rows.filter(({ deltas }) => deltas.length > 0);
}

/** One decision a key. */
function byKey(views: readonly ApprovalView[]): readonly ApprovalView[] {
  return [...new Map(views.map((one) => [one.key, one])).values()];
}

function namesOf(views: readonly ApprovalView[]): readonly string[] {
  return [...new Set(views.flatMap(({ approver }) => (approver === null ? [] : [approver])))].toSorted();
}
