import { C1Error } from './codes.ts';
import { type Delta, type Image, type RowRef, refOf } from './deltas.ts';
import type { SurfaceName } from './surfaces.ts';

/** A row as the runtime has it now. `live` is false for a retired or archived row. */
export interface RowState {
  readonly image: Image;
  readonly live: boolean;
}

/** Which stack and resource owns a row, and what its DOT last wrote there. */
export interface Claim {
  readonly stack: string;
  readonly resource: string;
  readonly image: Image | null;
  readonly status: 'live' | 'released';
  readonly requestId: string;
}

/**
 * The rows that plan() reads. A row that was asked for and is not there is absent; a row that was never asked for is an
 * error, so that a forgotten read is never taken for "absent" (architecture.md, decision 12).
 */
export interface Snapshot {
  readonly asked: ReadonlySet<string>;
  readonly rows: ReadonlyMap<string, RowState>;
  readonly claims: ReadonlyMap<string, Claim>;
  /** Applied runs per subject: the generation that request ids carry. */
  readonly runs: ReadonlyMap<string, number>;
}

/** What `iu_core.read_refs` answers. */
export interface RefsAnswer {
  readonly rows: readonly (RowRef & RowState)[];
  readonly claims: readonly (RowRef & Claim)[];
  readonly runs: readonly { readonly subject: string; readonly applied: number }[];
}

export function snapshotOf(refs: readonly RowRef[], answer: RefsAnswer): Snapshot {
  return {
    asked: new Set(refs.map(refOf)),
    rows: new Map(answer.rows.map((row) => [refOf(row), { image: row.image, live: row.live }])),
    claims: new Map(answer.claims.map((claim) => [refOf(claim), claim])),
    runs: new Map(answer.runs.map(({ subject, applied }) => [subject, applied])),
  };
}

/** The row, or null when it is absent. @throws C1Error ERROR_READ_FAILED when the snapshot does not cover it. */
export function rowOf(snapshot: Snapshot, ref: RowRef): RowState | null {
  assertAsked(snapshot, ref);
  return snapshot.rows.get(refOf(ref)) ?? null;
}

/** The live claim on the row, or null. @throws C1Error ERROR_READ_FAILED when the snapshot does not cover it. */
export function liveClaimOf(snapshot: Snapshot, ref: RowRef): Claim | null {
  assertAsked(snapshot, ref);
  const claim = snapshot.claims.get(refOf(ref));
  return claim?.status === 'live' ? claim : null;
}

/** The snapshot as these deltas will leave it: later steps are planned on it (steps.md, "plan() folds"). */
export function foldDeltas(snapshot: Snapshot, deltas: readonly Delta[], owner: Omit<Claim, 'image'>): Snapshot {
  const rows = new Map(snapshot.rows);
  const claims = new Map(snapshot.claims);
  for (const delta of deltas) {
    const ref = refOf(delta);
    if (delta.after === null) rows.delete(ref);
    else rows.set(ref, { image: delta.after, live: delta.op !== 'retire' });
    claims.set(ref, { ...owner, image: delta.after });
  }
  return { ...snapshot, rows, claims };
}

export function surfacesOf(refs: readonly RowRef[]): readonly SurfaceName[] {
  return [...new Set(refs.map(({ surface }) => surface))];
}

function assertAsked(snapshot: Snapshot, ref: RowRef): void {
  if (snapshot.asked.has(refOf(ref))) return;
  throw new C1Error('ERROR_READ_FAILED', {
    seen: `a snapshot without ${refOf(ref)}`,
    expected: 'every row that plan() reads',
    next: 'report it: the scope of this DOT is wrong',
  });
}
