import type { PlanDocument, PlannedDelta } from '../../domain/planning/document.ts';
import { SURFACES, type SurfaceName } from '../../domain/surfaces.ts';
import type { Standing } from '../plan/approval-view.ts';
import { counted } from '../plan/summary.ts';
import type { ReviewView } from './view.ts';

/** The three answers at the top, each in a few plain sentences. */

export function whatChanges(plan: PlanDocument): readonly string[] {
  const deltas = deltasOf(plan);
  if (deltas.length === 0) return [nothing(plan)];
  const steps = plan.steps.filter(({ rows }) => rows.some((row) => row.deltas.length > 0));
  const surfaces = new Set(deltas.map(({ surface }) => surface));
  const where = `${counted(surfaces.size, 'surface')}, by ${counted(steps.length, 'step')}`;
  const quiet = plan.steps.filter((step) => !steps.includes(step)).map(({ id }) => id);
  const rows = `${counted(deltas.length, 'row change')} on ${where}`;
  const begin = plan.direction === 'apply' ? rows : `This plan takes back what was applied: ${rows}`;
  return [
    `${begin}: ${kindsOf(deltas)}.`,
    'Nothing else may change: a run whose rows are other than the ones listed here fails and writes nothing.',
    ...(quiet.length === 0 ? [] : [`${quiet.join(', ')} change${quiet.length === 1 ? 's' : ''} no row.`]),
  ];
}

function nothing({ direction }: PlanDocument): string {
  return direction === 'apply'
    ? 'Nothing: the runtime already is what the program declares. That is no approval.'
    : 'Nothing: there is nothing to take back.';
}

const KINDS: readonly (readonly [op: PlannedDelta['op'], one: string, several: string])[] = [
  ['insert', 'row is new', 'rows are new'],
  ['reinstate', 'row comes back', 'rows come back'],
  ['update', 'row is changed', 'rows are changed'],
  ['retire', 'row is retired', 'rows are retired'],
];

function kindsOf(deltas: readonly PlannedDelta[]): string {
  const parts = KINDS.flatMap(([op, one, several]) => {
    const count = deltas.filter((delta) => delta.op === op).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : several}`];
  });
  return parts.join(', ');
}

export function whatUndoes(plan: PlanDocument): readonly string[] {
  const { direction, stack } = plan;
  const deltas = deltasOf(plan);
  if (deltas.length === 0) return ['Nothing: where nothing changes, nothing has to be taken back.'];
  if (direction === 'retire') {
    return [
      `npx pulumi up --stack ${stack} after a new plan: what was retired comes back by its own DOTs, and owners are asked again.`,
      kept(deltas),
    ];
  }
  const acting = plan.steps.filter(({ rows }) => rows.some((row) => row.deltas.length > 0));
  const [first, last] = [acting[0]?.id ?? '', acting.at(-1)?.id ?? ''];
  return [
    `One command, npx pulumi destroy --stack ${stack}, which goes back step by step, ${first === last ? `here ${first}` : `from ${last} to ${first}`}; each step says below how.`,
    'Rows are retired, revoked or superseded, replaced files come back byte for byte; no row is deleted, and a table is dropped only while it is empty.',
    ...(plan.config.approvals === 'none'
      ? []
      : ['It asks the owners as well, about a plan of its own: npx c1 retire --plan.']),
    kept(deltas),
  ];
}

/** What no destroy takes away again. */
function kept(deltas: readonly PlannedDelta[]): string {
  const history = deltas.filter(({ surface, op }) => op === 'insert' && SURFACES[surface].kind === 'history');
  const names = [...new Set(history.map(({ surface }): SurfaceName => surface))].toSorted();
  if (names.length === 0) return 'History only grows: taking it back is entered in the handbook as well.';
  return `What stays for good is history: ${counted(history.length, 'entry').replace('entrys', 'entries')} in ${names.join(', ')}.`;
}

export function whoApproved(view: ReviewView): readonly string[] {
  const asked = view.standings.filter(({ isAsked }) => isAsked);
  const faulty = view.approvals.filter(({ holds }) => !holds).length;
  const said = `${counted(faulty, 'decision')} of ${view.approvals.length} ${faulty === 1 ? 'does' : 'do'} not hold: see Approvals.`;
  const faults = faulty === 0 ? [] : [said];
  if (asked.length === 0) return ['Nobody has to: no row changes.', ...faults];
  return [...deniedBy(asked), ...approvedBy(view, asked), ...faults];
}

function deniedBy(asked: readonly Standing[]): readonly string[] {
  const denied = asked.filter(({ deniers }) => deniers.length > 0);
  if (denied.length === 0) return [];
  const names = [...new Set(denied.flatMap(({ deniers }) => deniers))].join(', ');
  return [`DENIED by ${names}: ${stepNames(denied, asked)}. A denial is final for these rows.`];
}

function approvedBy({ quorum }: ReviewView, asked: readonly Standing[]): readonly string[] {
  const names = [...new Set(asked.flatMap(({ approvers }) => approvers))].toSorted();
  const said = names.map((name) => {
    const own = asked.filter(({ approvers }) => approvers.includes(name));
    return `${name} approved ${stepNames(own, asked)}.`;
  });
  if (quorum === null)
    return [...said, 'Nobody has to: this stack asks for no approval of plans (c1:approvals is none).'];
  if (names.length === 0)
    return [`Nobody yet. ${counted(quorum, 'owner')} must approve each of ${counted(asked.length, 'step')}.`];
  const waiting = [...new Set(asked.flatMap(({ notEntered }) => notEntered))].toSorted();
  if (waiting.length > 0)
    said.push(`Not entered in the runtime yet, which opens nothing before: ${waiting.join(', ')}.`);
  const open = asked.filter(({ missing, deniers }) => missing > 0 && deniers.length === 0);
  if (open.length === 0)
    return [
      ...said,
      `That is enough${waiting.length > 0 ? ' once it is entered' : ''}: ${quorum} of ${quorum} for each step${untilOf(asked)}.`,
    ];
  const most = Math.max(...open.map(({ missing }) => missing));
  return [...said, `Still missing: ${counted(most, 'owner')} for ${stepNames(open, asked)}.`];
}

function untilOf(asked: readonly Standing[]): string {
  const [first] = asked.flatMap(({ until }) => until ?? []).toSorted((a, b) => Date.parse(a) - Date.parse(b));
  return first === undefined ? '' : `, until ${first}`;
}

function stepNames(some: readonly Standing[], asked: readonly Standing[]): string {
  if (some.length === asked.length)
    return some.length === 1 ? `the one step (${some[0]?.step})` : `all ${some.length} steps`;
  const rest = asked.filter((one) => !some.includes(one)).map(({ step }) => step);
  if (rest.length <= 3 && some.length > 3) return `${some.length} of ${asked.length} steps, all but ${rest.join(', ')}`;
  return some.map(({ step }) => step).join(', ');
}

export function deltasOf({ steps }: PlanDocument): readonly PlannedDelta[] {
  return steps.flatMap(({ rows }) => rows).flatMap(({ deltas }) => deltas);
}
