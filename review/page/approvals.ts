import { type Html, html, table } from '../html/html.ts';
import { type ApprovalView, isOver } from '../plan/approval-view.ts';
import { ownersOf } from './steps.ts';
import type { ReviewView } from './view.ts';

/** Who said what of which steps, and whether it counts. */
export function approvals(view: ReviewView): Html {
  const { steps, quorum } = view;
  const rule =
    quorum === null
      ? 'This stack asks for no approval of plans (c1:approvals is none, which only an embedded runtime may say).'
      : `${quorum} owners have to approve each step that is opened, each with his own key, and enter it in the runtime (npx c1 approve does both); one denial is final.`;
  const files = view.approvals;
  return html`<p>${rule}</p>
${table(
  'Steps that are asked about',
  steps.filter(({ standing }) => standing.isAsked),
  [
    { head: 'step', cell: ({ step }) => `${step.id} ${step.title}` },
    { head: 'owners', cell: (one) => ownersOf(one, quorum) },
  ],
)}
${table('Decisions, of the checkout and of the runtime', files, [
  { head: 'file', cell: ({ file }) => (file === null ? 'only in the runtime' : file) },
  { head: 'who', cell: ({ approver }) => approver ?? 'unknown' },
  { head: 'says', cell: ({ decision }) => decision ?? 'cannot be read' },
  { head: 'steps', cell: ({ steps: said }) => said.map(({ id }) => id).join(', ') },
  { head: 'until', cell: ({ expires_at }) => expires_at ?? '' },
  { head: 'signature', cell: signature },
  { head: 'entered', cell: ({ entered }) => (entered === null ? 'not known' : entered ? 'yes' : 'not yet') },
  { head: 'counts', cell: (one) => counts(one, view) },
])}`;
}

function signature({ holds }: ApprovalView): Html {
  return holds ? html`<span class="good">holds</span>` : html`<span class="bad">does not hold</span>`;
}

function counts(one: ApprovalView, { now, steps }: ReviewView): Html {
  if (one.fault !== null) return html`<span class="bad">no: ${one.fault}</span>`;
  if (isOver(one, now)) return html`<span class="bad">no: it has expired</span>`;
  const own = steps.filter(({ standing: { step, isAsked, approvers, deniers } }) => {
    return (
      isAsked &&
      one.steps.some(({ id }) => id === step) &&
      (one.decision === 'deny' ? deniers : approvers).includes(one.approver ?? '')
    );
  });
  if (own.length > 0) return html`<span class="good">for ${own.map(({ step }) => step.id).join(', ')}</span>`;
  return html`<span class="bad">no: for none of these rows (another plan, or denied by the same owner)</span>`;
}
