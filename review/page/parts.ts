import { type Html, html } from '../html/html.ts';
import { STEP_STATES } from '../plan/step-state.ts';
import { counted } from '../plan/summary.ts';
import { whoApproved } from './answers.ts';
import { approvals } from './approvals.ts';
import { badInputGrid, lifecycleProof } from './evidence.ts';
import { overall } from './overall.ts';
import type { Parts } from './part.ts';
import { rowChip, stateChip } from './state-chip.ts';
import { ownersOf } from './steps.ts';
import { surfaces } from './surfaces.ts';
import type { ReviewView } from './view.ts';

/** Everything on the page that may be another thing a moment later. */
export function partsOf(view: ReviewView): Parts {
  const { text, isHold } = overall(view);
  return new Map<string, Html>([
    ['verdict', html`<p class="verdict${isHold ? ' hold' : ''}">${text}</p>`],
    ['read', html`<p>${readLine(view)}</p>`],
    ['approved', html`${sentences(whoApproved(view))}`],
    ['surfaces', surfaces(view)],
    ['approvals', approvals(view)],
    ['bad-inputs', badInputGrid(view.evidence)],
    ['lifecycle', lifecycleProof(view.evidence)],
    ...view.steps.flatMap((one) => {
      const { id } = one.step;
      const rows = one.rows.map((state, position) => [`row-${id}-${position}`, rowChip(state)] as const);
      return [
        [`state-${id}`, stateChip(one.state)] as const,
        [`why-${id}`, html`${one.state}: ${one.why}`] as const,
        [`owners-${id}`, html`${ownersOf(one, view.quorum)}`] as const,
        ...rows,
      ];
    }),
  ]);
}

export function sentences(lines: readonly string[]): Html {
  return html`${lines.map((line) => html`<p>${line}</p>`)}`;
}

/** When the runtime was asked, and how many steps are in which state. */
function readLine({ reading, steps }: ReviewView): string {
  const counts = STEP_STATES.map((state) => [state, steps.filter((one) => one.state === state).length] as const);
  const named = counts.filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`);
  const said = `${counted(steps.length, 'step')}: ${named.join(', ')}`;
  if (reading.view === null) return `The runtime could not be read at ${reading.at}: ${reading.fault}`;
  const engine = {
    true: 'an engine is at work',
    false: 'no engine is at work',
    null: 'whether an engine works cannot be told here',
  };
  return `Runtime read at ${reading.at}; ${said}; ${engine[`${reading.view.engine}`]}.`;
}
