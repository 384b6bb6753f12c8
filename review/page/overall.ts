import { isShort } from '../plan/approval-view.ts';
import type { StepState, StepView } from '../plan/step-state.ts';
import { counted, summaryOf } from '../plan/summary.ts';
import { deltasOf } from './answers.ts';
import type { ReviewView } from './view.ts';

export interface Overall {
  readonly text: string;
  /** Somebody has to look. */
  readonly isHold: boolean;
}

/** The whole plan in one line: what stops it comes first. */
export function overall(view: ReviewView): Overall {
  const { plan, steps } = view;
  const isApply = plan.direction === 'apply';
  const of = (...states: readonly StepState[]) => steps.filter(({ state }) => states.includes(state));
  if (plan.differences.length > 0) return hold(summaryOf(plan, plan.differences, plan.stack).verdict);
  const [unread] = of('cannot be read');
  if (unread !== undefined) return hold(`CANNOT BE READ: ${unread.why}`);
  const back = of('retired');
  if (isApply && back.length > 0) return takenBack(view, back);
  if (deltasOf(plan).length === 0) return { text: summaryOf(plan, [], plan.stack).verdict, isHold: false };
  const [denied, held] = [of('denied'), of('held')];
  if (denied.length > 0) return hold(`DENIED: ${namesOf(denied)}`);
  if (held.length > 0) return hold(`HELD at ${namesOf(held)}: ${held[0]?.why}`);
  const asked = steps.filter(({ standing }) => standing.isAsked);
  const ended = asked.filter(({ state }) => state === (isApply ? 'applied' : 'retired'));
  if (ended.length === asked.length)
    return { text: `${isApply ? 'APPLIED' : 'TAKEN BACK'}: as planned here`, isHold: false };
  if (ended.length + of('under way').length > 0) {
    return { text: `UNDER WAY: ${ended.length} of ${counted(asked.length, 'step')} done`, isHold: false };
  }
  return before(view, asked);
}

/** What was applied by this plan, or before it, and is not there any more. */
function takenBack({ steps, reading }: ReviewView, back: readonly StepView[]): Overall {
  if (back.length === steps.length)
    return { text: 'TAKEN BACK since: applying it again needs a new plan', isHold: false };
  return hold(`${reading.view?.engine === true ? 'BEING' : 'PARTLY'} TAKEN BACK: ${namesOf(back)}`);
}

function before({ plan }: ReviewView, asked: readonly StepView[]): Overall {
  const what = plan.direction === 'apply' ? 'to come' : 'to take back';
  const rows = `${counted(deltasOf(plan).length, 'row change')} ${what}`;
  const open = asked.filter(({ standing }) => standing.missing > 0);
  if (open.length > 0) return hold(`WAITS FOR APPROVAL of ${counted(open.length, 'step')}: ${rows}`);
  const short = asked.filter(({ standing }) => isShort(standing));
  if (short.length > 0) return hold(`SIGNED, NOT ENTERED in the runtime: ${counted(short.length, 'step')}; ${rows}`);
  const isAsked = plan.config.approvals !== 'none';
  return { text: `${isAsked ? 'APPROVED' : 'PLANNED, no approval asked for'}: ${rows}`, isHold: false };
}

function hold(text: string): Overall {
  return { text, isHold: true };
}

function namesOf(steps: readonly StepView[]): string {
  return steps.map(({ step }) => step.id).join(', ');
}
