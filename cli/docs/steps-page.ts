import { type PlannedDeltas, plannedCounts } from '../../domain/planned-deltas.ts';
import type { Step, StepCommand, StepRow } from '../../domain/steps/step.ts';

const HEAD = `<!-- Printed by \`npx c1 docs\` from domain/steps/ and planned-deltas.yaml; do not edit. -->

# Steps

Each step is one small reversible change of one domain. It is declared as *open → rows → gate*: the open checks before
anything is written, each row is one component with one command, the gate is the readback. \`{claim}\` stands for
\`--for <stack>/<resource>\`, which Pulumi's program adds to each command.
`;

export function stepsPage(steps: readonly Step[], planned: PlannedDeltas): string {
  return [HEAD, ...steps.map((step) => stepSection(step, planned))].join('\n');
}

function stepSection(step: Step, planned: PlannedDeltas): string {
  const counts = Object.entries(plannedCounts(planned, step.id)).map(([surface, count]) => `${surface} +${count}`);
  return `## ${step.id} \`${step.title}\`

${step.goal}

| | |
|---|---|
| DOTs | ${step.dotPaths.map((path) => `\`${path}\``).join(', ')} |
| payload files | ${step.payloadFiles.map((file) => `\`${file}\``).join(', ') || 'none'} |
| expected deltas | ${counts.join(', ') || 'none on a governed surface'} |
| readback | ${step.readback}; \`c1-reader gate --step ${step.id}\` |
| retire | ${step.retire} |
| blast radius | ${step.blastRadius} |
| stops | ${step.stops.join('; ')} |
| attack that must fail | ${step.attack} |

| row | create | retire |
|---|---|---|
${[...(step.first ?? []).map(commandLine), ...step.rows.map(rowLine), ...rehearsalLine(step), ...(step.commands ?? []).map(commandLine)].join('\n')}
`;
}

function rowLine({ type, name, create, retire }: StepRow): string {
  return `| \`${type}\` ${name} | \`${create} {claim}\` | \`${retire} {claim}\` |`;
}

function commandLine({ name, create }: StepCommand): string {
  return `| no row: ${name} | \`${create}\` | nothing |`;
}

/** It governs no row, and belongs to nobody. */
function rehearsalLine({ id, rehearsal }: Step): readonly string[] {
  return rehearsal === undefined
    ? []
    : [`| none: a rehearsal | \`${rehearsal.create}\` | \`c1-reader retired --step ${id}\` |`];
}
