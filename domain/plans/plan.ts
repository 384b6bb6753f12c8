import { sameJson } from '../canonical.ts';
import { C1Error, type Code } from '../codes.ts';
import { type Delta, type DeltaOp, type Direction, type Image, type RowRef, refOf, type ScopeRef } from '../deltas.ts';
import type { DotCode } from '../dots.ts';
import { dotOf } from '../dots.ts';
import { runEntry } from '../ledger.ts';
import { liveClaimOf, rowOf, type Snapshot } from '../snapshot.ts';
import { SURFACES, type SurfaceName } from '../surfaces.ts';

/** Who asks: the stack and the resource that own the row. */
export interface Claimant {
  readonly stack: string;
  readonly resource: string;
}

/** What a plan comes to. `noop` names why nothing is written; `takeClaim` says that only the claim moves. */
export type Plan =
  | { readonly kind: 'change'; readonly deltas: readonly Delta[] }
  | { readonly kind: 'noop'; readonly code: 'NOOP_ALREADY_THERE' | 'NOOP_NOT_OURS' }
  | { readonly kind: 'takeClaim'; readonly refs: readonly RowRef[] };

/** Rows whose keys begin alike. */
export interface Family {
  readonly surface: SurfaceName;
  readonly prefix: string;
}

/**
 * A DOT's one plan: pure, and the same in preview, in a dry run and in the real run (architecture.md).
 *
 * `scope` names every row that `plan` reads. `subject` is the row that the run is about; where its key depends on what is
 * there already, `family` says how the key begins.
 */
export interface DotPlan<P> {
  readonly dot: DotCode;
  readonly subject: (payload: P, snapshot?: Snapshot) => RowRef;
  readonly family?: (payload: P) => Family;
  readonly scope: (payload: P) => readonly ScopeRef[];
  readonly apply: (snapshot: Snapshot, payload: P, claimant: Claimant) => Plan;
  readonly retire: (snapshot: Snapshot, payload: P, claimant: Claimant) => Plan;
}

/** Adds the ledger entry that every applied run writes; it is claimed with the row, and moves with it. */
export function withLedger(dot: DotCode, direction: Direction, subject: RowRef, plan: Plan): Plan {
  if (plan.kind === 'noop' || !dotOf(dot).ledgers) return plan;
  if (plan.kind === 'takeClaim')
    return { ...plan, refs: [...plan.refs, { surface: 'dot_ledger', key: refOf(subject) }] };
  return { ...plan, deltas: [...plan.deltas, runEntry(dot, direction, subject, plan.deltas)] };
}

export interface RowGoal {
  readonly ref: RowRef;
  readonly desired: Image;
  readonly claimant: Claimant;
  /** Code of the stop when a live row is there that nobody of ours claims. */
  readonly collision: Code;
  /** Whether its DOT can change the row in place; where it cannot, a difference is a HOLD. */
  readonly updatable: boolean;
}

/**
 * Plans one row towards its desired image: insert where absent, reinstate where retired, update or HOLD where the desired
 * row changed, no-op where equal.
 *
 * @throws C1Error HOLD_DRIFT, HOLD_CLAIMED_ELSEWHERE, or the goal's collision code
 */
export function reconcileRow(snapshot: Snapshot, goal: RowGoal): Plan {
  const row = rowOf(snapshot, goal.ref);
  const claim = liveClaimOf(snapshot, goal.ref);
  if (claim === null) return planUnclaimed(snapshot, goal);
  assertSameStack(claim.stack, goal);
  assertNoDrift(snapshot, goal.ref);
  if (row === null || !row.live) throw drift(goal.ref, claim.image, row?.image ?? null);
  if (!sameJson(row.image, goal.desired)) return planDifference(row.image, goal);
  return claim.resource === goal.claimant.resource
    ? { kind: 'noop', code: 'NOOP_ALREADY_THERE' }
    : { kind: 'takeClaim', refs: [goal.ref] };
}

/** Plans retiring one row: a compare-and-set on the claim, so that only the resource that owns the row retires it. */
export function retireRow(snapshot: Snapshot, ref: RowRef, claimant: Claimant): Plan {
  const row = rowOf(snapshot, ref);
  if (!claims(snapshot, ref, claimant)) return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  assertNoDrift(snapshot, ref);
  if (row === null || !row.live) return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  return { kind: 'change', deltas: [delta(ref, 'retire', row.image, retiredImage(ref, row.image))] };
}

export function claims(snapshot: Snapshot, ref: RowRef, claimant: Claimant): boolean {
  const claim = liveClaimOf(snapshot, ref);
  return claim !== null && claim.stack === claimant.stack && claim.resource === claimant.resource;
}

/** @throws C1Error HOLD_DRIFT when a claimed row is not what its DOT last wrote */
export function assertNoDrift(snapshot: Snapshot, ref: RowRef): void {
  const claim = liveClaimOf(snapshot, ref);
  if (claim === null) return;
  const seen = rowOf(snapshot, ref)?.image ?? null;
  if (!sameJson(seen, claim.image)) throw drift(ref, claim.image, seen);
}

/** @throws C1Error HOLD_SURFACE_EXISTS: what a step makes beside its row is not adopted either */
export function assertAbsent(snapshot: Snapshot, ref: RowRef): void {
  if (rowOf(snapshot, ref) === null) return;
  throw new C1Error('HOLD_SURFACE_EXISTS', {
    seen: `${refOf(ref)}, which none of ours made`,
    expected: 'nothing of that name',
  });
}

/**
 * What stands on a row goes before the row does.
 *
 * @throws C1Error HOLD_PRESTATE_MOVED naming the rows that are still live
 */
export function assertNothingStandsOn(snapshot: Snapshot, ref: RowRef, dependants: readonly RowRef[]): void {
  const standing = dependants.filter((one) => rowOf(snapshot, one)?.live === true).map(refOf);
  if (standing.length === 0) return;
  throw new C1Error('HOLD_PRESTATE_MOVED', {
    seen: `${standing.join(', ')} while ${refOf(ref)} is to be retired`,
    expected: 'none of it live any more',
    next: 'retire that first; npx pulumi destroy goes in the right order',
  });
}

export function delta(ref: RowRef, op: DeltaOp, before: Image | null, after: Image | null): Delta {
  return { surface: ref.surface, key: ref.key, op, before, after };
}

/** @throws C1Error HOLD_CLAIMED_ELSEWHERE */
export function assertSameStack(stack: string, { ref, claimant }: Pick<RowGoal, 'ref' | 'claimant'>): void {
  if (stack === claimant.stack) return;
  throw new C1Error('HOLD_CLAIMED_ELSEWHERE', {
    seen: `${refOf(ref)} claimed by stack ${stack}`,
    expected: `no claim, or one of stack ${claimant.stack}`,
  });
}

export function drift(ref: RowRef, written: Image | null, seen: Image | null): C1Error {
  const columns = [...new Set([...Object.keys(written ?? {}), ...Object.keys(seen ?? {})])].filter(
    (column) => !sameJson(written?.[column] ?? null, seen?.[column] ?? null),
  );
  const show = (image: Image | null) =>
    image === null
      ? 'no row'
      : columns.map((column) => `${column}=${JSON.stringify(image[column] ?? null)}`).join(', ');
  return new C1Error('HOLD_DRIFT', {
    seen: `${refOf(ref)} with ${show(seen)}`,
    expected: `${show(written)}, as its DOT last wrote it`,
  });
}

function planUnclaimed(snapshot: Snapshot, goal: RowGoal): Plan {
  const row = rowOf(snapshot, goal.ref);
  if (row === null) return { kind: 'change', deltas: [delta(goal.ref, 'insert', null, goal.desired)] };
  // A retired row that no run of ours ever wrote is somebody's history: bringing it back would overwrite it.
  if (row.live || !snapshot.claims.has(refOf(goal.ref))) {
    throw new C1Error(goal.collision, {
      seen: `a ${row.live ? 'live' : 'retired'} row ${refOf(goal.ref)} that no resource of ours ${row.live ? 'claims' : 'made'}`,
      expected: 'no such row',
    });
  }
  return { kind: 'change', deltas: [delta(goal.ref, 'reinstate', row.image, goal.desired)] };
}

function planDifference(image: Image, goal: RowGoal): Plan {
  if (goal.updatable) return { kind: 'change', deltas: [delta(goal.ref, 'update', image, goal.desired)] };
  throw new C1Error('HOLD_PRESTATE_MOVED', {
    seen: `a new desired row for ${refOf(goal.ref)}`,
    expected: 'the row as it was applied: its DOT cannot change it in place',
    next: 'npx pulumi destroy --target that row, then npx pulumi up',
  });
}

function retiredImage(ref: RowRef, image: Image): Image {
  const { status } = SURFACES[ref.surface];
  const dead = status?.dead[0];
  if (status === null || dead === undefined) throw new TypeError(`${ref.surface} has no retired state`);
  return { ...image, [status.column]: dead };
}
