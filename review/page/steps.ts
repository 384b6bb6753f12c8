import type { PlanDocument, PlannedStep } from '../../domain/planning/document.ts';
import { code, type Html, html, list } from '../html/html.ts';
import type { Standing } from '../plan/approval-view.ts';
import { decide } from '../plan/commands.ts';
import type { StepView } from '../plan/step-state.ts';
import { counted } from '../plan/summary.ts';
import { type Parts, part } from './part.ts';
import { commandRow } from './rows.ts';
import { shownValue } from './value.ts';
import type { ReviewView } from './view.ts';

/** The steps as a timeline, in the order in which they run; each opens. */
export function timeline(parts: Parts, { plan, steps }: ReviewView): Html {
  const items = steps.map((one) => html`<li>${shownStep(parts, one, plan)}</li>`);
  const order =
    plan.direction === 'apply' ? 'each behind its own gate; taking back goes the other way' : 'the last step first';
  return html`<p>In this order, ${order}. Open a step to see its rows.</p>
<ol class="timeline">${items}</ol>`;
}

function shownStep(parts: Parts, { step, standing }: StepView, plan: PlanDocument): Html {
  const { id, title, rows, commands } = step;
  const changes = rows.reduce((sum, { deltas }) => sum + deltas.length, 0);
  return html`<details class="step" id="step-${id}"><summary><h3>${id} ${title}</h3> ${part(parts, `state-${id}`)}
<span class="count">${counted(changes, 'row change')}</span></summary>
<p class="goal">${step.goal}</p>
<dl>
<dt>State</dt><dd>${part(parts, `why-${id}`)}</dd>
<dt>Owners</dt><dd>${part(parts, `owners-${id}`)}</dd>
<dt>Blast radius</dt><dd>${step.blast_radius}</dd>
<dt>Stops when</dt><dd>${list([...step.stops])}</dd>
<dt>Read back by</dt><dd>${step.readback}</dd>
<dt>Undone by</dt><dd>${step.retire}</dd>
<dt>Attack that must fail</dt><dd>${step.attack}</dd>
<dt>Live rows it brings</dt><dd>${expectedOf(step)}</dd>
<dt>Step digest</dt><dd>${code(step.step_digest)}</dd>
<dt>Definition digest</dt><dd>${code(step.definition_digest)}</dd>
${standing.isAsked ? html`<dt>This step alone</dt><dd>${code(decide('approve', plan.stack, plan.direction, [id]))}<br>${code(decide('deny', plan.stack, plan.direction, [id]))}</dd>` : html``}
</dl>
${counted(rows.length, 'command')}, with what each changes${rows.length === 0 ? ': the step only looks' : ''}:
${rows.map((row, position) => commandRow(parts, row, { step: id, position }))}
${commands.length === 0 ? html`` : html`<p>Commands that change no governed row:</p>${commands.map(looking)}`}
</details>`;
}

function looking({ name, create, request }: PlannedStep['commands'][number]): Html {
  return html`<details class="row"><summary><strong>${name}</strong> ${code(create)}</summary>
<dl><dt>Request</dt><dd>${shownValue(request, `commands, ${name}`)}</dd></dl></details>`;
}

function expectedOf({ expected }: PlannedStep): string {
  const parts = Object.entries(expected).map(([surface, count]) => `${surface} ${count > 0 ? '+' : ''}${count}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** What the owners said of a step, in one line. */
export function ownersOf({ standing }: StepView, quorum: number | null): string {
  const { isAsked, deniers } = standing;
  if (!isAsked) return 'nothing to approve here';
  if (deniers.length > 0) return `denied by ${deniers.join(', ')}, for good`;
  return approvedBy(standing, quorum);
}

function approvedBy({ approvers, until, missing }: Standing, quorum: number | null): string {
  const names = approvers.length === 0 ? '' : ` by ${approvers.join(', ')}${until === null ? '' : `, until ${until}`}`;
  if (quorum === null) return `no approval is asked for here${names === '' ? '' : `; approved${names}`}`;
  return `${approvers.length} of ${quorum} approved${names}${missing === 0 ? '' : `; ${missing} missing`}`;
}
