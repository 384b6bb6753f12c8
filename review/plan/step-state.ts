import type { PlanDocument, PlannedRow, PlannedStep } from '../../domain/planning/document.ts';
import { STEP_IDS } from '../../domain/steps/step.ts';
import { SURFACES } from '../../domain/surfaces.ts';
import { isShort, type Standing } from './approval-view.ts';
import type { JournalEntry, Reading, RuntimeView } from './runtime-view.ts';

export const STEP_STATES = [
  ...(['planned', 'approved', 'under way', 'applied', 'held', 'retired', 'denied', 'cannot be read'] as const),
] as const;
export type StepState = (typeof STEP_STATES)[number];

/** What became of a command's rows; `other` where the runtime applied something else than the plan says. */
export type RowState =
  | 'to come'
  | 'done'
  | 'taken back'
  | 'begun'
  | 'other'
  | 'no change'
  | 'not journalled'
  | 'unread';

export interface StepView {
  readonly step: PlannedStep;
  readonly standing: Standing;
  readonly state: StepState;
  /** In one sentence, what the state comes from. */
  readonly why: string;
  /** By position in the step. */
  readonly rows: readonly RowState[];
}

/** The state of each step of a plan, by the runtime's journal and by what the owners said. */
export function stepViews(plan: PlanDocument, standings: readonly Standing[], reading: Reading): readonly StepView[] {
  const fault = faultOf(plan, reading);
  const runs = reading.view?.runs ?? [];
  const rows = plan.steps.map((step) =>
    step.rows.map((row) => (fault === null ? rowState(plan, row, runs) : 'unread')),
  );
  return standings.map((standing, at) => {
    const [step, states] = [plan.steps[at], rows[at] ?? []];
    if (step?.id !== standing.step) throw new TypeError(`a standing of ${standing.step} in the place of ${step?.id}`);
    if (fault !== null || reading.view === null) {
      return { step, standing, rows: states, state: 'cannot be read', why: fault ?? 'no answer' };
    }
    const found = { plan, step, standing, states, view: reading.view, ...around(plan, rows, step) };
    return { step, standing, rows: states, ...judged(found) };
  });
}

/**
 * What leaves no trace of its own is known by the steps around it: they run in order, a gate lets nobody pass, and taking
 * back goes the other way.
 */
function around(
  { steps, direction }: PlanDocument,
  rows: readonly (readonly RowState[])[],
  { id }: PlannedStep,
): Pick<Found, 'isPassed' | 'isUndone'> {
  const place = STEP_IDS.indexOf(id);
  const has = (wanted: RowState, isThere: (at: number) => boolean) =>
    rows.some((states, at) => states.includes(wanted) && isThere(STEP_IDS.indexOf(steps[at]?.id ?? id)));
  const [before, after] = [(at: number) => at < place, (at: number) => at > place];
  if (direction === 'retire') return { isPassed: has('done', before), isUndone: false };
  return { isPassed: has('done', after) || has('taken back', after), isUndone: has('taken back', before) };
}

/** Why the states cannot be told; null where they can. A runtime that is not the plan's own says nothing of it. */
function faultOf({ target }: PlanDocument, { view, fault }: Reading): string | null {
  if (view === null) return fault;
  if (view.target.system !== target.system || view.target.database !== target.database) {
    return `the runtime here is another one: system ${view.target.system}, database ${view.target.database}`;
  }
  return view.knows_plan ? null : 'the handbook of the runtime does not have the entry that this plan was made on';
}

function rowState(plan: PlanDocument, row: PlannedRow, runs: readonly JournalEntry[]): RowState {
  const own = runs.filter(({ resource }) => resource === row.owner);
  const last = own.findLast(({ outcome }) => outcome === 'applied');
  if (last !== undefined && last.direction !== plan.direction) return 'taken back';
  if (row.deltas.length === 0) return 'no change';
  if (row.deltas.every(({ surface }) => SURFACES[surface].kind === 'outside')) return 'not journalled';
  const isOwn = ({ delta_digest }: JournalEntry) => delta_digest === row.delta_digest;
  if (own.some((run) => run.outcome === 'applied' && isOwn(run))) return 'done';
  if (own.some((run) => run.outcome === 'intent' && isOwn(run))) return 'begun';
  const isShared = plan.steps.some(({ rows }) => rows.some((one) => one !== row && one.owner === row.owner));
  return last === undefined || isShared ? 'to come' : 'other';
}

interface Found {
  readonly plan: PlanDocument;
  readonly step: PlannedStep;
  readonly standing: Standing;
  readonly states: readonly RowState[];
  readonly view: RuntimeView;
  /** Steps that need its gate are done, or were. */
  readonly isPassed: boolean;
  /** Steps before it were taken back, which comes after its own end. */
  readonly isUndone: boolean;
}
type Judged = Pick<StepView, 'state' | 'why'>;

function judged(found: Found): Judged {
  const { plan, states, isPassed } = found;
  const count = (state: RowState) => states.filter((one) => one === state).length;
  const asked = states.filter((state) => state !== 'no change' && state !== 'not journalled').length;
  if (count('other') > 0) {
    return { state: 'held', why: 'the runtime applied other rows than this plan says: make a new plan' };
  }
  if (count('taken back') > 0 && plan.direction === 'apply') return { state: 'retired', why: 'taken back since' };
  if (asked === 0) return silent(found);
  if (count('done') === asked && (isPassed || !states.includes('not journalled')))
    return { state: ended(plan), why: all(asked) };
  return stopped(found) ?? begun(found, count('done'), count('begun'), asked) ?? waiting(found);
}

/** A step without a run of its own in the journal. */
function silent(found: Found): Judged {
  const { plan, step, states, isPassed, isUndone } = found;
  const isOutside = states.includes('not journalled');
  const what = isOutside ? 'its deploy is in no journal' : 'it changes no row';
  if (isUndone) return { state: 'retired', why: `${what}; steps before it were taken back` };
  if (isPassed) return { state: ended(plan), why: `${what}; steps that need its gate went through` };
  const isThere = isSettled(plan, step);
  if (isThere && plan.direction === 'apply') return { state: 'applied', why: 'was applied before this plan' };
  if (isOutside || found.standing.isAsked) return stopped(found) ?? waiting(found);
  return { state: 'planned', why: `${what}, so nobody has to approve it` };
}

/** The engine has nothing to do for the step: it was applied before. */
function isSettled({ resources }: PlanDocument, { id, rows }: PlannedStep): boolean {
  const gate = resources.find(({ name }) => name === `${id.toLowerCase()}-gate`);
  return gate !== undefined && gate.op !== 'create' && rows.every(({ deltas }) => deltas.length === 0);
}

/** What an owner's no, or a request that waits for them, stops. */
function stopped({ step, standing, view }: Found): Judged | null {
  if (standing.deniers.length > 0) return { state: 'denied', why: `by ${standing.deniers.join(', ')}` };
  const request = view.requests.findLast((one) => isOf(step, one.apr_code));
  if (request?.status === 'denied') return { state: 'denied', why: `its request ${request.apr_code} was denied` };
  if (request === undefined || request.quorum || view.engine === true) return null;
  const said = `${request.approvals} approval${request.approvals === 1 ? '' : 's'}`;
  return { state: 'held', why: `its request ${request.apr_code} waits for the owners, with ${said} so far` };
}

/** The request that this very plan makes or acts on; one that was denied before it is history. */
function isOf({ rows }: PlannedStep, code: string): boolean {
  return rows.some(({ deltas }) => deltas.some(({ surface, key }) => surface === 'apr_requests' && key === code));
}

function begun({ view }: Found, done: number, open: number, asked: number): Judged | null {
  if (done + open === 0) return null;
  const so = `${done} of ${asked} commands done`;
  if (view.engine === true) return { state: 'under way', why: so };
  const next = view.engine === null ? 'whether an engine is at work cannot be told here' : 'no engine is at work';
  return { state: 'held', why: `${so}; ${next}` };
}

function waiting({ plan, standing }: Found): Judged {
  if (plan.config.approvals === 'none') return { state: 'planned', why: 'this stack asks for no approval' };
  if (standing.missing > 0) return { state: 'planned', why: `${standing.missing} more to approve` };
  const { notEntered } = standing;
  if (isShort(standing))
    return { state: 'planned', why: `signed by ${notEntered.join(', ')}, and not entered in the runtime` };
  return { state: 'approved', why: `by ${standing.approvers.join(', ')}` };
}

function ended({ direction }: PlanDocument): StepState {
  return direction === 'apply' ? 'applied' : 'retired';
}

function all(count: number): string {
  return count === 1 ? 'its one command is done' : `all ${count} commands are done`;
}
