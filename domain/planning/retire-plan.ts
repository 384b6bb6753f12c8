import { digestOf, type Json } from '../canonical.ts';
import { type PlannedDeltas, plannedCounts } from '../planned-deltas.ts';
import { STEP_IDS, type Step, type StepId } from '../steps/step.ts';
import { SURFACE_NAMES, SURFACES, type SurfaceName } from '../surfaces.ts';
import type { PlannedRow, PlannedStep, ProgramPlan } from './document.ts';
import { type Ground, groundOf } from './program-plan.ts';
import { retireDifferences } from './retire-differences.ts';
import type { RetiredResource } from './retire-walk.ts';
import { shorten } from './shorten.ts';
import { digestOfStep, rowDigest } from './step-digest.ts';
import type { StoredStack } from './stored.ts';

export interface RetirePlanned extends Ground {
  readonly stack: string;
  readonly config: ProgramPlan['config'];
  readonly stored: StoredStack;
  readonly retired: readonly RetiredResource[];
  readonly planned: PlannedDeltas;
  /** What today's program says of its steps in words; what a destroy runs is in the stack's state. */
  readonly words: readonly Step[];
}

/** What a destroy of the stack takes back, in the shape of every plan (review.md, "Destroy"); the last step comes first. */
export function retirePlanOf(found: RetirePlanned): ProgramPlan {
  const { stack, config, stored, retired, planned } = found;
  const totals = totalsOf(found);
  return {
    ...{ stack, direction: 'retire', config },
    ...groundOf(found),
    steps: stored.steps.map((id) => stepOf(id, found)),
    totals: [...totals],
    differences: [...retireDifferences({ retired, planned, totals })],
  };
}

function stepOf(id: StepId, { retired, words }: RetirePlanned): PlannedStep {
  const own = retired.filter(({ stored }) => stored.step === id);
  const said = words.find((step) => step.id === id);
  const definition = definitionOf(id, own);
  const rows = own.map(({ stored, deltas }) => ({ name: stored.name, deltas }));
  return {
    ...{ id, title: said?.title ?? id, goal: `take back: ${said?.goal ?? id}` },
    definition_digest: definition,
    step_digest: digestOfStep({ id, direction: 'retire', definition, rows }),
    rows: own.map((one) => rowOf(id, one)),
    commands: [],
    expected: Object.fromEntries(surfacesOf(own).map((surface) => [surface, netOf(own, surface)])),
    readback: `c1-reader retired --step ${id}: no row of the step is live any more, and nothing else moved`,
    retire: said?.retire ?? '',
    blast_radius: said?.blastRadius ?? '',
    stops: [...STOPS],
    attack: said?.attack ?? '',
  };
}

const STOPS = [
  'a row that drifted, or that something else still stands on',
  'a row in the vocabulary table, which would have to be deleted with it',
  'a row whose resource the state of the stack does not have',
];

/** SHA-256 over what the state says will be run, in that order: an update of the program changes nothing of it. */
function definitionOf(step: StepId, own: readonly RetiredResource[]): string {
  const rows = own.map(({ stored: { type, name, stack, owner, retire, payload, after } }) => ({
    ...{ type, name, stack, owner, retire, payload, after: [...after] },
  }));
  return digestOf({ step, direction: 'retire', rows });
}

function rowOf(step: StepId, { stored, deltas }: RetiredResource): PlannedRow {
  const { type, name, owner, create, retire, payload, after } = stored;
  return {
    ...{ type, name, owner, create, retire, payload: shorten(payload), after: [...after] },
    deltas: shorten(deltas as unknown as Json) as unknown as PlannedRow['deltas'],
    delta_digest: rowDigest(step, { deltas }, 'retire'),
  };
}

/** Per step and surface: what is live of it, what the retire takes (below zero), and what planned-deltas.yaml brings in all. */
function totalsOf({ stored, retired, planned, state }: RetirePlanned): ProgramPlan['totals'] {
  const counted = SURFACE_NAMES.filter((surface) => SURFACES[surface].kind !== 'bookkeeping');
  return STEP_IDS.filter((id) => stored.steps.includes(id))
    .flatMap((step) => {
      const [own, counts] = [retired.filter((one) => one.stored.step === step), plannedCounts(planned, step)];
      return counted.map((surface) => ({
        ...{ step, surface, remaining: netOf(own, surface), planned: counts[surface] ?? 0 },
        applied: state.stepDeltas[step]?.[surface] ?? 0,
      }));
    })
    .filter(({ applied, remaining, planned: expected }) => applied !== 0 || remaining !== 0 || expected !== 0);
}

function netOf(own: readonly RetiredResource[], surface: SurfaceName): number {
  return own.reduce((sum, { net }) => sum + (net.get(surface) ?? 0), 0);
}

function surfacesOf(own: readonly RetiredResource[]): readonly SurfaceName[] {
  return SURFACE_NAMES.filter((surface) => SURFACES[surface].kind !== 'bookkeeping' && netOf(own, surface) !== 0);
}
