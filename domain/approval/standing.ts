import { C1Error } from '../codes.ts';
import type { StepId } from '../steps/step.ts';
import { binsFault } from './bins.ts';
import type { ApprovalStatement } from './statement.ts';

/** A decision as the runtime has it, with what is known of its signature. */
export interface JudgedDecision {
  readonly statement: ApprovalStatement;
  /** Past its time, by the clock of the database. */
  readonly isOver: boolean;
  /** Steps that a run went through in the other direction since: what comes now is another occasion. */
  readonly spent: readonly string[];
  /** Steps of which every approved run was made: an approval opens each run once, and nothing is left of it to open. */
  readonly used: readonly string[];
  /** Of the key that signed it; null where the signature does not hold. */
  readonly fingerprint: string | null;
  /** Why it does not count; null where it does. */
  readonly fault: string | null;
}

/**
 * Which step is asked about; a retire is of whatever the stack has there, so that no definition is held against it. Those
 * who approve it have to agree on one, whichever it is.
 */
export interface AskedStep {
  readonly stack: string;
  readonly step: string;
  readonly direction: ApprovalStatement['direction'];
  readonly definition: string | null;
  /** Name and SHA-256 of every bin that is installed; null where it does not matter, as for what is taken back. */
  readonly bins: Readonly<Record<string, string>> | null;
}

/** How a step stands with its owners. */
export interface Standing {
  /** Those who count: in time, signed, each with a key of his own. */
  readonly approvers: readonly string[];
  readonly deniedBy: readonly string[];
  /** Decisions that do not count, and why. */
  readonly faults: readonly string[];
}

export function standingOf(decisions: readonly JudgedDecision[], asked: AskedStep): Standing {
  const about = decisions.filter(({ statement }) => isAbout(statement, asked));
  const denied = about.filter(({ statement }) => statement.decision === 'deny');
  const approvals = about
    .filter(({ statement }) => statement.decision === 'approve')
    .map((one) => ({ one, fault: faultOf(one, asked) }));
  const counting = approvals.flatMap(({ one, fault }) => (fault === null ? [one] : []));
  const approvers = mostOf(counting, denied, asked);
  return {
    approvers,
    // Another retire of the step than the denied one may be approved: which one it is, its owners agree on.
    deniedBy: asked.definition === null && approvers.length > 0 ? [] : [...new Set(denied.map(approverOf))],
    faults: approvals.flatMap(({ one, fault }) => (fault === null ? [] : [`${approverOf(one)}: ${fault}`])),
  };
}

/** The owners who agree on one and the same definition; where they are of several minds, the largest part of them. */
function mostOf(
  counting: readonly JudgedDecision[],
  denied: readonly JudgedDecision[],
  asked: AskedStep,
): readonly string[] {
  const definitions = (of: readonly JudgedDecision[]) => of.flatMap(({ statement }) => definitionsOf(statement, asked));
  const closed = definitions(denied);
  const open = [...new Set(definitions(counting))].filter((definition) => !closed.includes(definition));
  const parts = open.map((definition) => {
    const agreeing = counting.filter(({ statement }) => definitionsOf(statement, asked).includes(definition));
    return [...new Set(new Map(agreeing.map((one) => [one.fingerprint, approverOf(one)])).values())];
  });
  return parts.reduce((most, part) => (part.length > most.length ? part : most), []);
}

/** @throws C1Error HOLD_PLAN_NOT_APPROVED */
export function assertStanding({ approvers, deniedBy, faults }: Standing, asked: AskedStep, quorum: number): void {
  const [denied] = deniedBy;
  if (denied === undefined && approvers.length >= quorum) return;
  const counted = approvers.length === 0 ? '' : ` (${approvers.join(', ')})`;
  const others = faults.length === 0 ? '' : `; ${faults.join('; ')}`;
  const seen = denied === undefined ? `${approvers.length} of ${quorum} approvals${counted}` : `a denial by ${denied}`;
  throw new C1Error('HOLD_PLAN_NOT_APPROVED', {
    seen: `${nameOf(asked)} with ${seen}${others}`,
    expected: `${quorum} approvals of it as it is declared, by owners with keys of their own, and no denial`,
    next: NEXT[asked.direction],
  });
}

const NEXT = {
  apply: 'npx c1 review, then npx c1 approve --as <owner> by each, then npx pulumi up',
  retire:
    'npx c1 retire --plan --out retire.json, npx c1 approve --plan retire.json --as <owner> by each, then npx pulumi destroy',
} as const;

const SINCE = { apply: 'retired', retire: 'applied again' } as const;

function isAbout(statement: ApprovalStatement, asked: AskedStep): boolean {
  const { stack, direction } = asked;
  return statement.stack === stack && statement.direction === direction && definitionsOf(statement, asked).length > 0;
}

/** What a statement says of the step, of what is asked about. */
function definitionsOf({ steps }: ApprovalStatement, { step, definition }: AskedStep): readonly string[] {
  const digests = steps.filter(({ id }) => id === (step as StepId)).map((one) => one.definition_digest);
  return digests.filter((digest) => definition === null || digest === definition);
}

function faultOf({ statement, fault, isOver, spent }: JudgedDecision, { step, bins }: AskedStep): string | null {
  if (fault !== null) return fault;
  if (spent.includes(step)) return `of the time before it was ${SINCE[statement.direction]}`;
  if (isOver) return `until ${statement.expires_at}, which is over`;
  return bins === null ? null : binsFault(statement.bins, bins);
}

function approverOf({ statement }: JudgedDecision): string {
  return statement.approver;
}

function nameOf({ step, direction }: AskedStep): string {
  return direction === 'apply' ? step : `the retire of ${step}`;
}
