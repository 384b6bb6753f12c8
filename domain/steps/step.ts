import type { Json } from '../canonical.ts';
import { type RowRef, refOf, type ScopeRef } from '../deltas.ts';
import type { Claimant, DotPlan, Family, Plan } from '../plans/plan.ts';
import type { Snapshot } from '../snapshot.ts';
import type { SurfaceName } from '../surfaces.ts';

/** Steps that are built, in the order in which they run (steps.md; H5 is no resource). */
export const STEP_IDS = [
  ...(['BASELINE', 'H1', 'H2', 'H3', 'H4', 'H6', 'PREWRITE'] as const),
  ...(['W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'W7', 'W8', 'W9'] as const),
] as const;
export type StepId = (typeof STEP_IDS)[number];

/**
 * One governed row that a step declares: its Pulumi type and name, the exact commands, and its DOT's plan.
 *
 * `{for}` in a command stands for `<stack>/<resource>`.
 */
export interface StepRow {
  /** Component type token, e.g. `c1:species:Species`. */
  readonly type: string;
  readonly name: string;
  /** Who claims the row where two resources share one; the resource's own name otherwise. */
  readonly owner: string;
  /** Where its command is: among the DOTs, or beside the executor, whose deploy is no DOT. */
  readonly place: 'dot' | 'executor';
  /** The row as its component shows it. */
  readonly inputs: Readonly<Record<string, Json>>;
  readonly create: string;
  readonly retire: string;
  /** What the command takes on standard input; null where its flags say everything. */
  readonly payload: Json | null;
  /** Names of rows of the same step that must be there first. */
  readonly after: readonly string[];
  readonly scope: readonly ScopeRef[];
  /** Where the row is that the run is about. */
  readonly surface: SurfaceName;
  readonly plan: (snapshot: Snapshot, claimant: Claimant) => Plan;
  /** How often owners said no before: a denied row is asked for anew by the very next up, though it is in Pulumi's state. */
  readonly denials?: (snapshot: Snapshot) => number;
}

/** A command of a step that only looks. Its request goes to standard input: another one is asked anew. */
export interface StepCommand {
  readonly name: string;
  /** The command line of a DOT. */
  readonly create: string;
  readonly request: Json;
}

/** Every field that seeds 000 and 002 §7 ask of a step. The component, the docs and the review page print from it. */
export interface Step {
  readonly id: StepId;
  /** Name of the component, e.g. `Admission`. */
  readonly title: string;
  readonly goal: string;
  readonly dotPaths: readonly string[];
  readonly payloadFiles: readonly string[];
  readonly rows: readonly StepRow[];
  /** What is made before the rows, which name it; it stands beside the reader, is no DOT and governs no row. */
  readonly first?: readonly StepCommand[];
  /** What is asked between open and gate and governs no row, in this order; there is nothing to retire. */
  readonly commands?: readonly StepCommand[];
  /** Bins that must be there though the step itself starts none. */
  readonly channel?: readonly string[];
  /** What is tried in a disposable runtime; it governs no row, and there is nothing to retire. */
  readonly rehearsal?: { readonly create: string; readonly request: Json };
  readonly readback: string;
  readonly retire: string;
  readonly blastRadius: string;
  readonly stops: readonly string[];
  readonly attack: string;
  /** What the reader looks at beside the runtime's own records, before the first write or after the last one. */
  readonly checks?: { readonly open?: readonly ReaderCheck[]; readonly gate?: readonly ReaderCheck[] };
}

/**
 * `handler`: the deployed `dot-apr-execute` is the one that has the handler, and runs.
 * `registrar`: the deployed registrar, asked for everything that is new, names exactly the C1 DOTs that are not live.
 * `prewrite`: the whole state that the first write expects, and a way to write.
 * `executor`: the release in use is whole, answers, and answers KG as before.
 * `issuer`: the DOT that asks for the grant has its whole lifecycle (H5).
 * `evidence`: the package in its folder is signed, whole, and the one that the knowledge base has the digest of; then HALT.
 * `grant`: exactly one grant, minted from its request, bound to the manifest in three computations, and the verifier's yes.
 */
export const READER_CHECKS = ['handler', 'registrar', 'prewrite', 'executor', 'issuer', 'grant', 'evidence'] as const;
export type ReaderCheck = (typeof READER_CHECKS)[number];

export interface StepRowOptions<P extends Json> {
  readonly type: string;
  readonly name: string;
  readonly owner?: string;
  readonly inputs: Readonly<Record<string, Json>>;
  readonly create: string;
  readonly retire: string;
  readonly after?: readonly string[];
  readonly dotPlan: DotPlan<P>;
  readonly payload: P;
  readonly denials?: (snapshot: Snapshot) => number;
  /** What goes to standard input where it is not the payload; null where the flags say everything. */
  readonly standardInput?: Json | null;
}

/** Binds a DOT's plan to the payload of one row. */
export function stepRow<P extends Json>(options: StepRowOptions<P>): StepRow {
  const { type, name, inputs, create, retire, dotPlan, payload } = options;
  const about = dotPlan.family?.(payload) ?? dotPlan.subject(payload);
  return {
    ...{ type, name, inputs, create, retire },
    owner: options.owner ?? name,
    place: 'dot',
    payload: options.standardInput === undefined ? payload : options.standardInput,
    after: options.after ?? [],
    scope: [...dotPlan.scope(payload), entryOf(about)],
    surface: about.surface,
    plan: (snapshot, claimant) => dotPlan.apply(snapshot, payload, claimant),
    ...(options.denials === undefined ? {} : { denials: options.denials }),
  };
}

/** The handbook's entry on the row is read as well: a newer one supersedes it. */
function entryOf(about: RowRef | Family): ScopeRef {
  if ('key' in about) return { surface: 'dot_ledger', key: refOf(about) };
  return { surface: 'dot_ledger', prefix: `${about.surface}/${about.prefix}` };
}

/** The command line of a row's owner. */
export function commandFor(command: string, { stack, resource }: Claimant): string {
  return `${command} --for ${stack}/${resource}`;
}

/** Names of the DOT bins that a step's commands start. */
export function binsOf(step: Step): readonly string[] {
  const rows = step.rows.filter(({ place }) => place === 'dot').flatMap((row) => [row.create, row.retire]);
  const own = [...rows, ...(step.commands ?? []).map(({ create }) => create)];
  const names = own.map((command) => command.split(' ')[0] ?? '');
  return [...new Set([...names, ...(step.channel ?? [])])].toSorted();
}

/** A DOT's code as part of a resource name. */
export function slug(code: string): string {
  return code.toLowerCase().replaceAll('_', '-');
}
