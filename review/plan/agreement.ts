import type { Difference, PlannedStep } from '../../domain/planning/document.ts';
import type { PreviewedResource } from './preview.ts';

const COMMAND = 'command:local:Command';
/** What the engine may do to a resource of ours; a delete or a replace is in no plan (review.md, "Policy pack"). */
const PLANNED_OPS: readonly string[] = ['create', 'update', 'same'];

interface Declared {
  readonly type: string;
  readonly name: string;
  /** The row that it brings, or the step that it belongs to. */
  readonly where: string;
  /** The planned command line, without what a history of denials adds; null where it is no row's command. */
  readonly create: string | null;
  /** How many rows its command changes. */
  readonly changes: number;
}

/**
 * Where the resources of the engine's preview and the rows of the plans are not the same, row by row: a resource more or
 * less, a command of other words, rows to come of a command that would not run, and whatever would delete or replace.
 */
export function disagreements(
  steps: readonly PlannedStep[],
  resources: readonly PreviewedResource[],
): readonly Difference[] {
  const declared = new Map(steps.flatMap(declaredBy).map((one) => [identity(one), one]));
  const previewed = new Map(resources.map((one) => [identity(one), one]));
  return [
    ...[...declared.values()].flatMap((one) => faultOf(one, previewed.get(identity(one)))),
    ...resources.flatMap((one) => strayFault(one, declared)),
  ];
}

function declaredBy({ id, title, rows, commands }: PlannedStep): readonly Declared[] {
  const prefix = id.toLowerCase();
  const none = { where: id, create: null, changes: 0 };
  return [
    { ...none, type: `c1:step:${title}`, name: prefix },
    ...[`${prefix}-open`, `${prefix}-gate`].map((name) => ({ ...none, type: COMMAND, name })),
    ...rows.flatMap(({ type, name, create, deltas }) => [
      { ...none, type, name, where: `${id} ${name}` },
      { type: COMMAND, name, where: `${id} ${name}`, create, changes: deltas.length },
    ]),
    ...commands.map(({ name, create }) => ({ ...none, type: COMMAND, name, create })),
  ];
}

function faultOf(one: Declared, seen: PreviewedResource | undefined): readonly Difference[] {
  const where = `${one.where} (${one.type} ${one.name})`;
  if (seen === undefined)
    return [{ where, seen: 'no such resource in the preview', expected: 'the declared resource' }];
  if (one.create !== null && !sameCommand(seen.create ?? '', one.create)) {
    return [{ where, seen: seen.create ?? 'no command', expected: one.create }];
  }
  if (one.changes === 0 || seen.op !== 'same') return [];
  const expected = `a command that runs: ${one.changes} rows are to come`;
  return [{ where, seen: 'a resource that the engine leaves as it is', expected }];
}

function strayFault(seen: PreviewedResource, declared: ReadonlyMap<string, Declared>): readonly Difference[] {
  const where = `resource ${seen.type} ${seen.name}`;
  if (!PLANNED_OPS.includes(seen.op)) return [{ where, seen: seen.op, expected: `only ${PLANNED_OPS.join(', ')}` }];
  if (declared.has(identity(seen))) return [];
  return [{ where, seen: seen.op, expected: 'no such resource: no step declares it' }];
}

/** The one word that a command gets from the runtime's history (docs/decisions/0012). */
const AFTER_DENIALS = / --after-denials \d+/;

function sameCommand(previewed: string, planned: string): boolean {
  return previewed.replace(/^\.\//, '').replace(AFTER_DENIALS, '') === planned;
}

function identity({ type, name }: { readonly type: string; readonly name: string }): string {
  return `${type} ${name}`;
}
