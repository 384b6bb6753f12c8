import { C1Error } from './codes.ts';
import { type Delta, refOf, type ScopeRef, scopeName } from './deltas.ts';
import { isPlanned, type PlannedDeltas, plannedCounts } from './planned-deltas.ts';
import { grantRef } from './plans/grant-request.ts';
import type { BuildPayloads, GrantBinding } from './release.ts';
import type { RuntimeState } from './runtime-state.ts';
import { foldDeltas, rowOf, type Snapshot } from './snapshot.ts';
import { baselineStep } from './steps/baseline.ts';
import { handlerPatchStep } from './steps/h1-handler-patch.ts';
import { handlerLoadStep } from './steps/h2-handler-load.ts';
import { handlerTestsStep } from './steps/h3-handler-tests.ts';
import { handlerBindingStep } from './steps/h4-handler-binding.ts';
import { handlerRehearsalStep } from './steps/h6-handler-rehearsal.ts';
import { assertPayloads, type StepPayloads } from './steps/payloads.ts';
import { prewriteStep } from './steps/prewrite.ts';
import { STEP_IDS, type Step, type StepId, type StepRow } from './steps/step.ts';
import { registrarStep } from './steps/w1-registrar.ts';
import { admissionStep } from './steps/w2-admission.ts';
import { surfaceStep } from './steps/w3-surface.ts';
import { toolStep } from './steps/w4-tools.ts';
import { contractStep } from './steps/w5-contracts.ts';
import { executorStep } from './steps/w6-executor.ts';
import { grantStep } from './steps/w7-grant.ts';
import { readinessStep } from './steps/w8-readiness.ts';
import { evidenceStep } from './steps/w9-evidence.ts';
import { SURFACE_NAMES, SURFACES, type SurfaceName } from './surfaces.ts';

export const LAST_STEP: StepId = 'W9';

/** What the steps are made of. */
export interface ProgramPayloads extends StepPayloads, BuildPayloads {
  readonly binding: GrantBinding;
  /** What W8's readback holds the runtime against. */
  readonly planned: PlannedDeltas;
}

/** A step may look at the steps that are declared before it. */
type Maker = (payloads: ProgramPayloads, before: readonly Step[]) => Step;

const MAKERS: Readonly<Record<StepId, Maker>> = {
  BASELINE: baselineStep,
  H1: handlerPatchStep,
  H2: handlerLoadStep,
  H3: handlerTestsStep,
  H4: handlerBindingStep,
  H6: handlerRehearsalStep,
  PREWRITE: prewriteStep,
  W1: registrarStep,
  W2: admissionStep,
  W3: surfaceStep,
  W4: toolStep,
  W5: contractStep,
  W6: executorStep,
  W7: grantStep,
  W8: readinessStep,
  W9: evidenceStep,
};

/** The steps that a stack declares, in order. @throws C1Error ERROR_PAYLOAD_INVALID when payloads do not name the right DOTs once each */
export function stepsThrough(through: StepId, payloads: ProgramPayloads): readonly Step[] {
  assertPayloads(payloads);
  const ids = STEP_IDS.slice(0, STEP_IDS.indexOf(through) + 1);
  const steps: Step[] = [];
  for (const id of ids) steps.push(MAKERS[id](payloads, [...steps]));
  return steps;
}

/** What a row's plan comes to, on the state as the rows before it will leave it. */
export interface RowPlan {
  readonly row: StepRow;
  readonly deltas: readonly Delta[];
  /** Net live rows per surface; a ledger entry on a subject that is live already supersedes and adds none. */
  readonly net: ReadonlyMap<SurfaceName, number>;
}

export interface StepPlan {
  readonly step: Step;
  readonly rows: readonly RowPlan[];
}

/**
 * Plans every row of every step, each on the folded state (steps.md, "plan() folds").
 *
 * @throws C1Error whatever stops one of the plans
 */
export function planSteps(steps: readonly Step[], snapshot: Snapshot, stack: string): readonly StepPlan[] {
  let folded = snapshot;
  return steps.map((step) => ({
    step,
    rows: step.rows.map((row) => {
      const claimant = { stack, resource: row.owner };
      const plan = row.plan(folded, claimant);
      const deltas = plan.kind === 'change' ? plan.deltas : [];
      const net = netOf(deltas, folded);
      folded = foldDeltas(folded, deltas, { ...claimant, status: 'live', requestId: 'planned' });
      return { row, deltas, net };
    }),
  }));
}

/** The runtime as all of these plans will leave it. */
export function foldPlans(plans: readonly StepPlan[], snapshot: Snapshot, stack: string): Snapshot {
  const rows = plans.flatMap((plan) => plan.rows);
  return rows.reduce(
    (folded, { row, deltas }) =>
      foldDeltas(folded, deltas, { stack, resource: row.owner, status: 'live', requestId: 'planned' }),
    snapshot,
  );
}

export function refsOf(steps: readonly Step[]): readonly ScopeRef[] {
  const refs = steps.flatMap((step) => step.rows.flatMap((row) => row.scope));
  return [...new Map(refs.map((ref) => [scopeName(ref), ref])).values()];
}

/** One line of the delta table: net live rows of a surface that a step still adds, and what it adds in all. */
export interface DeltaCount {
  readonly step: StepId;
  readonly surface: SurfaceName;
  readonly applied: number;
  readonly remaining: number;
  readonly planned: number;
}

/**
 * Applied + still to come == planned, for each step and surface; a surface that a step does not name stays at 0, and so
 * does a row that it does not name.
 *
 * @throws C1Error HOLD_PREVIEW_DELTA_MISMATCH
 */
export function countDeltas(
  plans: readonly StepPlan[],
  planned: PlannedDeltas,
  state: RuntimeState,
): readonly DeltaCount[] {
  for (const plan of plans) assertNamed(plan, planned);
  const counts = tallyDeltas(plans, planned, state);
  const wrong = counts.find(({ applied, remaining, planned }) => applied + remaining !== planned);
  if (wrong === undefined) return counts.filter(({ planned }) => planned !== 0);
  throw new C1Error('HOLD_PREVIEW_DELTA_MISMATCH', {
    seen: `${wrong.applied} applied and ${wrong.remaining} still to come on ${wrong.surface} in ${wrong.step}`,
    expected: `${wrong.planned} in all, as planned-deltas.yaml says`,
  });
}

/** The same without a judgement: every step with every surface, whatever it comes to. */
export function tallyDeltas(
  plans: readonly StepPlan[],
  planned: PlannedDeltas,
  state: Pick<RuntimeState, 'stepDeltas'>,
): readonly DeltaCount[] {
  return plans.flatMap((plan) => countStep(plan, planned, state));
}

/** @throws C1Error HOLD_THROUGH_BELOW_APPLIED when a step after `through` has live rows in the runtime */
export function assertThrough(through: StepId, state: RuntimeState): void {
  const above = state.steps.filter((step) => STEP_IDS.indexOf(step as StepId) > STEP_IDS.indexOf(through));
  if (above.length === 0) return;
  throw new C1Error('HOLD_THROUGH_BELOW_APPLIED', {
    seen: `c1:through ${through} with live rows of ${above.toSorted().join(', ')}`,
    expected: `${above.toSorted().at(-1)} or later`,
  });
}

/**
 * The handler comes before the first write. Where writes are live without it, it is not slipped in under them: what they
 * were approved on would change.
 *
 * @throws C1Error HOLD_HANDLER_UNDER_WRITES
 */
export function assertHandlerFirst(steps: readonly Step[], state: RuntimeState): void {
  const missing = steps.find(({ id, rows }) => id.startsWith('H') && rows.length > 0 && !state.steps.includes(id));
  const live = state.steps.filter((step) => step.startsWith('W')).toSorted();
  if (missing === undefined || live.length === 0) return;
  throw new C1Error('HOLD_HANDLER_UNDER_WRITES', {
    seen: `${missing.id} not applied under live rows of ${live.join(', ')}`,
    expected: `${missing.id} before the first write`,
  });
}

function assertNamed({ step, rows }: StepPlan, planned: PlannedDeltas): void {
  if (step.id === 'BASELINE') return;
  const deltas = rows.flatMap((row) => row.deltas);
  const unnamed = deltas.find((delta) => !isPlanned(planned, step.id, delta));
  if (unnamed === undefined) return;
  throw new C1Error('HOLD_PREVIEW_DELTA_MISMATCH', {
    seen: `${unnamed.op} of ${refOf(unnamed)} in ${step.id}`,
    expected: 'only rows that planned-deltas.yaml names',
  });
}

function countStep(
  { step, rows }: StepPlan,
  planned: PlannedDeltas,
  state: Pick<RuntimeState, 'stepDeltas'>,
): readonly DeltaCount[] {
  const counts = plannedCounts(planned, step.id);
  return SURFACE_NAMES.filter((surface) => SURFACES[surface].kind !== 'bookkeeping').map((surface) => ({
    step: step.id,
    surface,
    applied: state.stepDeltas[step.id]?.[surface] ?? 0,
    remaining: rows.reduce((sum, { net }) => sum + (net.get(surface) ?? 0), 0),
    planned: counts[surface] ?? 0,
  }));
}

function netOf(deltas: readonly Delta[], snapshot: Snapshot): ReadonlyMap<SurfaceName, number> {
  const net = new Map<SurfaceName, number>();
  const add = (surface: SurfaceName, rows: number) => net.set(surface, (net.get(surface) ?? 0) + rows);
  for (const delta of deltas) add(delta.surface, netOfOne(delta, snapshot));
  for (const past of deltas.filter(makesRoom)) {
    if (rowOf(snapshot, { surface: 'dot_ledger', key: refOf(past) })?.live === true) add('dot_ledger', -1);
    const isRequest = past.surface === 'apr_requests';
    if (isRequest && rowOf(snapshot, grantRef(past))?.live === false) add('governance_build_authorization', -1);
  }
  return net;
}

/**
 * A request that makes room for another counts for no step any more, and so do its handbook entry and its spent grant; so
 * does the entry of a document that a newer revision supersedes. `iu_core.step_deltas` counts the same way.
 */
function makesRoom({ surface, op, after }: Delta): boolean {
  if (op !== 'retire') return false;
  if (surface === 'kb_document') return after?.status === 'superseded';
  return surface === 'apr_requests' && (after?.status === 'expired' || after?.status === 'closed');
}

function netOfOne(delta: Delta, snapshot: Snapshot): number {
  if (delta.surface === 'dot_ledger') return rowOf(snapshot, delta)?.live === true ? 0 : 1;
  if (delta.op === 'update') return 0;
  return delta.op === 'retire' ? -1 : 1;
}
