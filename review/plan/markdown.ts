import { refOf } from '../../domain/deltas.ts';
import type { Difference, PlanDocument } from '../../domain/planning/document.ts';
import { counted, differenceLine, operationsText, type PlanSummary } from './summary.ts';

/** A comment of more than 65 536 characters vanishes (quality.md, 13); the rest of the page takes what is left free. */
const ROOM_FOR_ROWS = 40_000;

/** A plan for a pull request: verdict and digest on top; what is cut says how much, and where the rest is. */
export function planMarkdown(
  plan: PlanDocument | null,
  summary: PlanSummary,
  differences: readonly Difference[],
  stack: string,
): string {
  return [
    `## C1 ${plan?.direction === 'retire' ? 'retire plan' : 'plan'} of stack ${code(stack)}`,
    ...(plan === null ? [] : [`> ${plan.label.join(' ')}`]),
    `**${summary.verdict}**`,
    ...(plan === null
      ? ['The preview stopped at the differences, so there is no plan document.']
      : headOf(plan, summary)),
    ...(differences.length === 0 ? [] : [`### Differences\n\n${listed(differences.map(differenceLine))}`]),
    ...(plan === null ? [] : [tableOf(plan), rowsOf(plan), stepsOf(plan)]),
    `Next: ${code(summary.next)}`,
  ].join('\n\n');
}

function headOf({ plan_digest, source, target, config }: PlanDocument, { operations }: PlanSummary): readonly string[] {
  return [
    [
      `- plan digest ${code(plan_digest)}`,
      `- source ${code(source.digest)}, ${counted(source.files, 'file')}`,
      `- target ${target.kind}, system ${code(target.system)}, database ${code(target.database)}; through ${config.through}`,
      `- resources: ${operationsText(operations)}`,
    ].join('\n'),
  ];
}

function tableOf({ totals, prestate }: PlanDocument): string {
  const lines = totals.map(({ step, surface, applied, remaining, planned }) => {
    const live = prestate[surface]?.live ?? 'unknown';
    return `| ${step} | ${surface} | ${live} | ${remaining} | ${applied} | ${planned} |`;
  });
  const sum = (pick: (one: PlanDocument['totals'][number]) => number) =>
    totals.reduce((total, one) => total + pick(one), 0);
  const total = `| total | | | ${sum((one) => one.remaining)} | ${sum((one) => one.applied)} | ${sum((one) => one.planned)} |`;
  const head = '| step | surface | live now | to come | applied | planned |\n|---|---|---:|---:|---:|---:|';
  return [head, ...lines, total].join('\n');
}

function rowsOf({ steps }: PlanDocument): string {
  const lines = steps.flatMap(({ id, rows }) =>
    rows.flatMap(({ name, deltas }) => deltas.map((delta) => `${id} ${name}: ${delta.op} ${refOf(delta)}`)),
  );
  if (lines.length === 0) return 'No row is to come.';
  return `<details><summary>${counted(lines.length, 'row change')} to come</summary>\n\n${listed(lines)}\n\n</details>`;
}

function stepsOf({ steps }: PlanDocument): string {
  const lines = steps.map(({ id, title, step_digest }) => `| ${id} | ${title} | ${code(step_digest)} |`);
  return ['| step | | step digest |\n|---|---|---|', ...lines].join('\n');
}

function listed(lines: readonly string[]): string {
  const items = lines.map((line) => `- ${code(line)}`);
  const kept = fitting(items);
  const rest = items.length - kept.length;
  if (rest === 0) return kept.join('\n');
  return [
    ...kept,
    `- … and ${rest} more of ${items.length}: all of them are in the plan file (\`--out\`) and in \`--json\``,
  ].join('\n');
}

function fitting(items: readonly string[]): readonly string[] {
  let room = ROOM_FOR_ROWS / 2;
  return items.filter((item) => {
    room -= item.length + 1;
    return room >= 0;
  });
}

/** No text of a row ends the code span or the line that it stands in. */
function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll(/\s+/g, ' ')}\``;
}
