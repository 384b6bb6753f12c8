import { sameJson } from '../canonical.ts';
import type { Delta } from '../deltas.ts';
import { EXECUTOR_C1, EXECUTOR_ROW, EXECUTOR_V1, type ExecutorBuild, executorImage } from '../executor.ts';
import { delta, type Plan } from '../plans/plan.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import type { Step, StepRow } from './step.ts';

/** W6: the executor with the C1 branch, the one step that is a deploy pipeline and no DOT (seed 000, W6). */
export function executorStep({ executor }: { readonly executor: ExecutorBuild }): Step {
  return {
    id: 'W6',
    title: 'ExecutorImage',
    goal: 'Bring the executor with the C1 branch into use; its KG answers stay byte for byte what they were.',
    dotPaths: [],
    payloadFiles: [],
    rows: [imageRow(executor)],
    channel: ['dot-c1-vocab-build', 'dot-c1-vocab-verify'],
    readback:
      'GET /health as that digest with writes_db:false, PLAN_ONLY of C1 validated, REAL_RUN 403, KG answers as before',
    retire: `executor-deploy --release ${EXECUTOR_V1}`,
    blastRadius:
      'the executor service; the release before stays beside it, and comes back by itself when this one fails',
    stops: ['KG dispatch regresses', 'the C1 branch can open a writable transaction'],
    checks: { gate: ['executor'] },
    attack: 'write from inside an executor transaction',
  };
}

function imageRow({ c1 }: ExecutorBuild): StepRow {
  const command = 'executor-deploy --cloud --step W6 --release';
  return {
    type: 'c1:executor:Image',
    name: 'executor-image',
    owner: 'executor-image',
    place: 'executor',
    inputs: executorImage(c1),
    create: `${command} ${EXECUTOR_C1} --digest ${c1.digest}`,
    // By name alone: what a delete says is kept in the state, and v1 is what the build then brings.
    retire: `${command} ${EXECUTOR_V1}`,
    payload: null,
    after: [],
    scope: [EXECUTOR_ROW],
    surface: EXECUTOR_ROW.surface,
    plan: (snapshot) => planImage(snapshot, executorImage(c1)),
  };
}

/** The row is there once a release for C1 is in use; a new build of it changes it in place. */
function planImage(snapshot: Snapshot, desired: ReturnType<typeof executorImage>): Plan {
  const row = rowOf(snapshot, EXECUTOR_ROW);
  if (row === null) return { kind: 'change', deltas: [delta(EXECUTOR_ROW, 'insert', null, desired)] };
  if (sameJson(row.image, desired)) return { kind: 'noop', code: 'NOOP_ALREADY_THERE' };
  return { kind: 'change', deltas: [delta(EXECUTOR_ROW, 'update', row.image, desired)] };
}

/** What the deploy of v1 takes back; nothing where no release for C1 is in use. */
export function planImageRetire(snapshot: Snapshot): readonly Delta[] {
  const row = rowOf(snapshot, EXECUTOR_ROW);
  return row === null ? [] : [delta(EXECUTOR_ROW, 'retire', row.image, null)];
}
