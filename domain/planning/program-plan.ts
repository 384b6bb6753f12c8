import type { Json } from '../canonical.ts';
import { STAGING_LABELS } from '../label.ts';
import { type PlannedDeltas, plannedCounts } from '../planned-deltas.ts';
import { type StepPlan, tallyDeltas } from '../program.ts';
import { definitionDigest } from '../readiness/occasion.ts';
import type { BuildPayloads } from '../release.ts';
import type { RuntimeState } from '../runtime-state.ts';
import type { Snapshot } from '../snapshot.ts';
import { commandFor, type Step } from '../steps/step.ts';
import { plannedDifferences } from './differences.ts';
import type { PlannedRow, PlannedStep, ProgramPlan } from './document.ts';
import { prestateOf } from './prestate.ts';
import { shorten } from './shorten.ts';
import { rowDigest, stepDigest } from './step-digest.ts';

export interface Ground {
  readonly kind: string;
  readonly payloads: BuildPayloads;
  readonly state: RuntimeState;
  readonly snapshot: Snapshot;
}

export interface Planned extends Ground {
  readonly stack: string;
  readonly config: ProgramPlan['config'];
  readonly plans: readonly StepPlan[];
  readonly planned: PlannedDeltas;
}

/** What the program planned, as data: what `c1 plan` makes its document of, and what an approval is held against. */
export function programPlanOf(found: Planned): ProgramPlan {
  const { stack, config, plans, planned, state, snapshot } = found;
  return {
    ...{ stack, direction: 'apply', config },
    ...groundOf(found),
    steps: plans.map((plan) => stepOf(plan, planned, stack)),
    totals: tallyDeltas(plans, planned, state).filter(
      ({ applied, remaining, planned: expected }) => applied !== 0 || remaining !== 0 || expected !== 0,
    ),
    differences: [...plannedDifferences({ plans, planned, snapshot, state, stack })],
  };
}

/** What a plan stands on, whichever way it goes. */
export function groundOf({ kind, payloads, state, snapshot }: Ground) {
  return {
    label: [...STAGING_LABELS],
    target: { kind, ...state.target, ssh_host_key: null },
    bins: state.bins ?? {},
    release: releaseOf(payloads),
    prestate: prestateOf(snapshot, state.counters),
    ledger: { entries: state.ledger.entries, head: state.ledger.head },
  };
}

function releaseOf({ release, executor }: BuildPayloads): Readonly<Record<string, string>> {
  const { handler, registrar, staged, migrations } = release;
  const files = [handler, registrar, ...staged, ...migrations].map(({ file, sha256 }) => [file, sha256]);
  const images = [executor.v1, executor.c1].map(({ name, digest }) => [`executor/${name}`, digest]);
  return Object.fromEntries([...files, ...images]);
}

function stepOf(plan: StepPlan, planned: PlannedDeltas, stack: string): PlannedStep {
  const { step } = plan;
  return {
    ...{ id: step.id, title: step.title, goal: step.goal },
    definition_digest: definitionDigest(step),
    step_digest: stepDigest(plan),
    rows: plan.rows.map(({ row, deltas }) => {
      const { type, name, owner, create, retire, payload, after } = row;
      const claimant = { stack, resource: owner };
      return {
        ...{ type, name, owner, payload: shorten(payload), after: [...after] },
        create: commandFor(create, claimant),
        retire: commandFor(retire, claimant),
        deltas: shorten(deltas as unknown as Json) as unknown as PlannedRow['deltas'],
        delta_digest: rowDigest(step.id, { deltas }),
      };
    }),
    commands: commandsOf(step).map(({ name, create, request }) => ({ name, create, request: shorten(request) })),
    expected: plannedCounts(planned, step.id),
    ...{ readback: step.readback, retire: step.retire, blast_radius: step.blastRadius },
    ...{ stops: [...step.stops], attack: step.attack },
  };
}

/** In the order in which they run; a rehearsal has the name that its resource has. */
function commandsOf({ id, first = [], rehearsal, commands = [] }: Step) {
  const rehearsed = rehearsal === undefined ? [] : [{ name: `${id.toLowerCase()}-rehearsal`, ...rehearsal }];
  return [...first, ...rehearsed, ...commands];
}
