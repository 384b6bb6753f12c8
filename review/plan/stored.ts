import * as z from 'zod/mini';
import type { Json } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import '../../domain/english.ts';
import { parseClaimant } from '../../domain/names.ts';
import type { StoredRow, StoredStack } from '../../domain/planning/stored.ts';
import { STEP_IDS, type StepId } from '../../domain/steps/step.ts';

const COMMAND = 'command:local:Command';

/** A resource of `pulumi stack export`, as far as a destroy needs it. */
const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  parent: z.optional(z.string()),
  dependencies: z.nullish(z.array(z.string())),
  inputs: z.optional(z.record(z.string(), z.unknown())),
});
type Resource = z.infer<typeof resource>;

/**
 * What a destroy of a stack would walk, from the stack's own state: which commands, for whom, in which order.
 *
 * @throws C1Error ERROR_READ_FAILED for a state that is not whole; it is never "nothing to retire"
 */
export function storedStack(exported: unknown): StoredStack {
  const resources = parse(exported).filter(({ type }) => !type.startsWith('pulumi:'));
  const rows = inDestroyOrder(resources).flatMap((one) => rowOf(one, resources));
  const ids = resources.flatMap(stepOf);
  return {
    resources: resources.map(({ urn, type }) => ({ type, name: nameOf(urn) })).toSorted(byNameAndType),
    rows: rows.map((row) => ({ ...row, after: row.after.filter((name) => isOfStep(rows, name, row.step)) })),
    steps: STEP_IDS.toReversed().filter((id) => ids.includes(id)),
  };
}

function parse(exported: unknown): readonly Resource[] {
  const found = z.array(resource).safeParse(exported);
  if (found.success) return found.data;
  throw unread(z.prettifyError(found.error).replaceAll('\n', ' '), 'the whole state of the stack');
}

/** Whatever nothing is left of that depends on it; those that go at the same time by name. */
function inDestroyOrder(resources: readonly Resource[]): readonly Resource[] {
  const left = new Set(resources.filter(({ type }) => type === COMMAND));
  const order: Resource[] = [];
  while (left.size > 0) {
    const needed = new Set([...left].flatMap(({ dependencies }) => dependencies ?? []));
    const free = [...left].filter(({ urn }) => !needed.has(urn));
    if (free.length === 0)
      throw unread('resources that depend on each other in a circle', 'an order to delete them in');
    order.push(...free.toSorted((left, right) => compare(nameOf(left.urn), nameOf(right.urn))));
    for (const one of free) left.delete(one);
  }
  return order;
}

/** A reader's delete only looks, and one without `--for` owns nothing. */
function rowOf({ urn, parent, inputs }: Resource, resources: readonly Resource[]): readonly StoredRow[] {
  const [create, retire] = [inputs?.create, inputs?.delete];
  if (typeof create !== 'string' || typeof retire !== 'string') return [];
  const [, owner] = / --for (\S+)$/.exec(retire) ?? [];
  if (owner === undefined) return [];
  const { stack, resource } = parseClaimant(owner);
  const dependants = resources.filter(({ dependencies }) => dependencies?.includes(urn) === true);
  return [
    {
      type: resources.find((one) => one.urn === parent)?.type ?? COMMAND,
      name: nameOf(urn),
      ...{ stack, owner: resource, step: stepIn(retire, urn) },
      create: withoutFolder(create),
      retire: withoutFolder(retire),
      payload: payloadOf(inputs?.stdin, urn),
      after: dependants.map((one) => nameOf(one.urn)).toSorted(compare),
    },
  ];
}

function isOfStep(rows: readonly StoredRow[], name: string, step: StepId): boolean {
  return rows.some((row) => row.name === name && row.step === step);
}

/** A component alone is a name: of a step without a command nothing was begun, or nothing is left. */
function stepOf({ urn, type, inputs }: Resource): readonly StepId[] {
  return typeof inputs?.delete === 'string' && type === COMMAND ? [stepIn(inputs.delete, urn)] : [];
}

function stepIn(command: string, urn: string): StepId {
  const [, id = 'none'] = / --step (\S+)/.exec(command) ?? [];
  return knownStep(id, urn);
}

function knownStep(id: string, urn: string): StepId {
  const found = STEP_IDS.find((one) => one === id);
  if (found !== undefined) return found;
  throw unread(`step ${id} of ${nameOf(urn)}`, `one of ${STEP_IDS.join(', ')}`);
}

function payloadOf(stdin: unknown, urn: string): Json | null {
  if (stdin === undefined) return null;
  try {
    return JSON.parse(String(stdin)) as Json;
  } catch (cause) {
    throw unread(`a standard input of ${nameOf(urn)} that is no JSON`, 'the payload that the program gave it', cause);
  }
}

/** A command line as the plans have it. */
function withoutFolder(command: string): string {
  return command.replace(/^\.\//, '');
}

function nameOf(urn: string): string {
  return urn.split('::').at(-1) ?? urn;
}

function byNameAndType(left: { readonly name: string; readonly type: string }, right: typeof left): number {
  return compare(left.name, right.name) || compare(left.type, right.type);
}

function compare(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

function unread(seen: string, expected: string, cause?: unknown): C1Error {
  return new C1Error('ERROR_READ_FAILED', { seen: `a stack's state with ${seen}`, expected }, { cause });
}
