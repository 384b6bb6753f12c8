import { deltaLines, deltaTable } from '../../components/report.ts';
import type { Difference, PlanDocument } from '../../domain/planning/document.ts';
import { differenceLine, operationsText, type PlanSummary } from '../../review/plan/summary.ts';

/** A plan for people at a terminal; nothing is cut. */
export function planLines(
  plan: PlanDocument | null,
  summary: PlanSummary,
  differences: readonly Difference[],
): readonly string[] {
  return [
    ...(plan === null
      ? ['The preview stopped at the differences, so there is no plan document.']
      : bodyOf(plan, summary)),
    ...differences.map(differenceLine),
    summary.verdict,
    ...(plan === null ? [] : [`plan digest ${plan.plan_digest}`]),
    `Next: ${summary.next}`,
  ];
}

function bodyOf(plan: PlanDocument, { operations }: PlanSummary): readonly string[] {
  const { stack, direction, config, target, totals, prestate, steps } = plan;
  const shown = steps.map(({ id, rows }) => ({
    step: { id },
    rows: rows.map(({ name, deltas }) => ({ row: { name }, deltas })),
  }));
  return [
    `${direction === 'retire' ? 'Retire plan' : 'Plan'} of stack ${stack} through ${config.through}, ${target.kind} system ${target.system}, database ${target.database}`,
    deltaTable(totals, { counters: prestate }),
    deltaLines(shown),
    ...steps.map(({ id, title, step_digest }) => `${id.padEnd(9)} ${title.padEnd(18)} step digest ${step_digest}`),
    `resources: ${operationsText(operations)}`,
  ];
}
