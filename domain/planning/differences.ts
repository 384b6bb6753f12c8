import { type Delta, refOf } from '../deltas.ts';
import { isPlanned, type PlannedDeltas, plannedName } from '../planned-deltas.ts';
import { type DeltaCount, foldPlans, type StepPlan, tallyDeltas } from '../program.ts';
import type { RuntimeState } from '../runtime-state.ts';
import type { Snapshot } from '../snapshot.ts';
import { isSurfaceName, SURFACES, type SurfaceName } from '../surfaces.ts';
import type { Difference } from './document.ts';

export interface Compared {
  readonly plans: readonly StepPlan[];
  readonly planned: PlannedDeltas;
  readonly snapshot: Snapshot;
  readonly state: Pick<RuntimeState, 'stepDeltas'>;
  readonly stack: string;
}

/**
 * Every row on which planned-deltas.yaml and the plans do not agree, where the preview stops at the first
 * (`countDeltas`). Rows that were applied before count as well: whose they are is known by their claims.
 */
export function plannedDifferences(compared: Compared): readonly Difference[] {
  const { plans, planned, snapshot, stack, state } = compared;
  const final = foldPlans(plans, snapshot, stack);
  const off = tallyDeltas(plans, planned, state).filter((one) => one.applied + one.remaining !== one.planned);
  return plans
    .filter(({ step }) => step.id !== 'BASELINE')
    .flatMap((plan) => differencesOf(plan, compared, final, new Map(off.map((one) => [tallyName(one), one]))));
}

function differencesOf(
  plan: StepPlan,
  { planned, stack }: Compared,
  final: Snapshot,
  off: ReadonlyMap<string, DeltaCount>,
): readonly Difference[] {
  const { id } = plan.step;
  const deltas = plan.rows.flatMap((row) => row.deltas);
  const brought = broughtRows(plan, stack, final);
  const isOff = (surface: SurfaceName) => off.has(tallyName({ step: id, surface }));
  const faults = named(planned, id).flatMap((one) =>
    faultOf(one, { deltas, brought, final, isOff: isOff(one.surface) }).map((fault) => ({
      surface: one.surface,
      fault,
    })),
  );
  // Which row it is that nobody planned is asked where the number of rows, or one of their names, is another.
  const isAsked = (surface: SurfaceName) => isOff(surface) || faults.some((one) => one.surface === surface);
  const rows = [
    ...deltas.filter((delta) => !isPlanned(planned, id, delta)).map((delta) => unnamed(id, delta)),
    ...faults.map(({ fault }) => fault),
    ...brought
      .filter((row) => isAsked(row.surface) && !deltas.some((delta) => refOf(delta) === refOf(row)))
      .filter((row) => !isPlanned(planned, id, { ...row, op: 'insert', before: null }))
      .map((row) => ({ where: `${id} ${refOf(row)}`, seen: 'applied', expected: NOT_NAMED })),
  ];
  const told = new Set(rows.map(({ where }) => where.slice(0, where.indexOf('/'))));
  const counts = [...off.values()].filter((one) => one.step === id && !told.has(tallyName(one)));
  return [...rows, ...counts.map((one) => countFault(one, planned))];
}

const NOT_NAMED = 'no such row: planned-deltas.yaml does not name it';

interface NamedRow {
  readonly step: string;
  readonly surface: SurfaceName;
  readonly name: string;
  readonly operation: string;
}

function named(planned: PlannedDeltas, step: StepPlan['step']['id']): readonly NamedRow[] {
  return Object.entries(planned.steps[step]?.rows ?? {}).flatMap(([surface, keys]) =>
    isSurfaceName(surface) ? Object.entries(keys).map(([name, operation]) => ({ step, surface, name, operation })) : [],
  );
}

interface Seen {
  readonly deltas: readonly Delta[];
  readonly brought: readonly BroughtRow[];
  readonly final: Snapshot;
  /** Whether the number of rows on that surface is not the planned one. */
  readonly isOff: boolean;
}

function faultOf({ step, surface, name, operation }: NamedRow, seen: Seen): readonly Difference[] {
  const where = `${step} ${surface}/${name}`;
  const expected = `${operation}, as planned-deltas.yaml says`;
  const delta = seen.deltas.find((one) => one.surface === surface && one.op !== 'retire' && plannedName(one) === name);
  if (delta === undefined) {
    const isThere = seen.brought.some((one) => one.surface === surface && plannedName(one) === name);
    const isSomewhere = !seen.isOff && (isUnclaimed(surface) || isNamedIn(seen.final, surface, name));
    return isThere || isSomewhere ? [] : [{ where, seen: `no such row of ${step}`, expected }];
  }
  const isNew = delta.op !== 'update';
  const isWrong = operation === 'change' ? isNew : !isNew && seen.isOff;
  return isWrong ? [{ where, seen: delta.op, expected }] : [];
}

/** What is only appended to is nobody's, and no plan reads it again: of what was applied its number is known, not its names. */
function isUnclaimed(surface: SurfaceName): boolean {
  return SURFACES[surface].kind === 'history' && SURFACES[surface].status === null;
}

/** A row that is another one's to claim, or that nothing claims: it was applied, as its number says. */
function isNamedIn({ rows }: Snapshot, surface: SurfaceName, name: string): boolean {
  const start = `${surface}/`;
  return [...rows].some(
    ([ref, { image }]) =>
      ref.startsWith(start) && plannedName({ surface, key: ref.slice(start.length), after: image }) === name,
  );
}

type BroughtRow = Pick<Delta, 'surface' | 'key' | 'after'>;

/** Live rows that a step's resources own once everything is applied. */
function broughtRows({ step }: StepPlan, stack: string, final: Snapshot): readonly BroughtRow[] {
  const owners = new Set(step.rows.map(({ owner }) => owner));
  return [...final.claims].flatMap(([ref, claim]) => {
    const [, surface = '', key = ''] = /^([^/]+)\/(.*)$/s.exec(ref) ?? [];
    const row = final.rows.get(ref);
    const isOurs = claim.stack === stack && claim.status === 'live' && owners.has(claim.resource);
    if (!isOurs || row?.live !== true || !isSurfaceName(surface)) return [];
    if (surface === 'dot_ledger' || SURFACES[surface].kind === 'bookkeeping') return [];
    return [{ surface, key, after: row.image }];
  });
}

function unnamed(step: string, delta: Delta): Difference {
  return { where: `${step} ${refOf(delta)}`, seen: delta.op, expected: NOT_NAMED };
}

function countFault({ step, surface, applied, remaining, planned: expected }: DeltaCount, planned: PlannedDeltas) {
  const names = Object.keys(planned.steps[step]?.rows[surface] ?? {});
  return {
    where: `${step} ${surface}`,
    seen: `${applied} applied and ${remaining} to come`,
    expected: `${expected} in all${names.length === 0 ? '' : ` (${names.join(', ')})`}, as planned-deltas.yaml says`,
  };
}

function tallyName({ step, surface }: Pick<DeltaCount, 'step' | 'surface'>): string {
  return `${step} ${surface}`;
}
