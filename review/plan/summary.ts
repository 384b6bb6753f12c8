import type { Difference, PlanDocument } from '../../domain/planning/document.ts';

/** What a plan comes to, in the words that text, Markdown and JSON share. */
export interface PlanSummary {
  readonly code: 'OK_PLANNED' | 'NOOP_NOTHING_TO_DO' | 'HOLD_PLAN_DIFFERENT';
  readonly verdict: string;
  readonly rows: number;
  /** Resources by what the engine would do. */
  readonly operations: Readonly<Record<string, number>>;
  readonly next: string;
}

/** @param differences of whatever the plan was compared with. @param plan null where the preview gave none */
export function summaryOf(plan: PlanDocument | null, differences: readonly Difference[], stack: string): PlanSummary {
  const rows = plan === null ? 0 : plan.steps.flatMap((step) => step.rows).flatMap(({ deltas }) => deltas).length;
  const operations = operationsOf(plan);
  if (differences.length > 0) {
    const verdict = `DIFFERENT: ${counted(differences.length, 'difference')}, each named`;
    const next = 'correct the program or planned-deltas.yaml, then npx c1 plan --check';
    return { code: 'HOLD_PLAN_DIFFERENT', verdict, rows, operations, next };
  }
  const isRetire = plan?.direction === 'retire';
  if (isSettled(plan)) {
    const state = isRetire ? 'the stack has no resource' : 'the runtime is what the program declares';
    const verdict = `NOTHING TO DO: ${state}; that is no approval`;
    return { code: 'NOOP_NOTHING_TO_DO', verdict, rows, operations, next: 'nothing' };
  }
  if (isRetire) {
    const verdict = `EQUAL to planned-deltas.yaml and to the journal: ${counted(rows, 'row change')} take everything back`;
    return { code: 'OK_PLANNED', verdict, rows, operations, next: nextRetire(stack, plan.config.approvals) };
  }
  const verdict = `EQUAL to planned-deltas.yaml and to the preview: ${counted(rows, 'row change')} to come`;
  return { code: 'OK_PLANNED', verdict, rows, operations, next: nextApply(stack, plan?.config.approvals) };
}

function nextApply(stack: string, approvals: string | undefined): string {
  if (approvals !== 'required') return `npx pulumi up --stack ${stack}`;
  return `npx c1 review --plan plan.json and npx c1 approve --plan plan.json --as <owner> by each, of the plan that --out wrote; then npx c1 apply --stack ${stack} --yes`;
}

function nextRetire(stack: string, approvals: string): string {
  const run = `npx c1 retire --stack ${stack} --yes`;
  if (approvals === 'none') return run;
  return `npx c1 approve --plan retire.json --as <owner> by each, of the plan that --out wrote; then ${run} --against retire.json`;
}

/** Nothing to come, by the plans and by the engine. */
export function isSettled(plan: PlanDocument | null): boolean {
  if (plan === null) return false;
  return (
    plan.resources.every(({ op }) => op === 'same') &&
    plan.steps.every(({ rows }) => rows.every(({ deltas }) => deltas.length === 0))
  );
}

function operationsOf(plan: PlanDocument | null): Readonly<Record<string, number>> {
  const operations: Record<string, number> = {};
  for (const { op } of plan?.resources ?? []) operations[op] = (operations[op] ?? 0) + 1;
  return operations;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

export function operationsText(operations: PlanSummary['operations']): string {
  const parts = Object.entries(operations).map(([op, count]) => `${count} ${op}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** All of them: what is not named is not known. */
export function differencesText(differences: readonly Difference[]): string {
  return `${counted(differences.length, 'difference')}: ${differences.map(differenceLine).join('; ')}`;
}

export function differenceLine({ where, seen, expected }: Difference): string {
  return `${where}: seen ${seen}, expected ${expected}`;
}
