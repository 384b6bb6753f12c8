import { C1Error } from './codes.ts';
import { type Delta, type DeltaOp, type Image, type RowRef, refOf, type ScopeRef, scopeName } from './deltas.ts';
import { SURFACES, type SurfaceName } from './surfaces.ts';

/** A row as the runtime has it now. `live` is false for a retired or archived row. */
export interface RowState {
  readonly image: Image;
  readonly live: boolean;
  /** Past its expiry by the clock of the runtime, whatever its status still says; absent where nothing expires. */
  readonly past?: boolean;
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
  /** Live rows of the surfaces whose count was asked for. */
  readonly counts: ReadonlyMap<SurfaceName, number>;
}

/** What `iu_core.read_refs` answers. */
export interface RefsAnswer {
  readonly rows: readonly (RowRef & RowState)[];
  readonly claims: readonly (RowRef & Claim)[];
  readonly runs: readonly { readonly subject: string; readonly applied: number }[];
  readonly counts: readonly { readonly surface: SurfaceName; readonly live: number }[];
}

export function snapshotOf(refs: readonly ScopeRef[], answer: RefsAnswer): Snapshot {
  return {
    asked: new Set(refs.map(scopeName)),
    rows: new Map(answer.rows.map((row) => [refOf(row), rowStateOf(row)])),
    claims: new Map(answer.claims.map((claim) => [refOf(claim), claim])),
    runs: new Map(answer.runs.map(({ subject, applied }) => [subject, applied])),
    counts: new Map(answer.counts.map(({ surface, live }) => [surface, live])),
  };
}

function rowStateOf({ image, live, past }: RefsAnswer['rows'][number]): RowState {
  return { image, live, ...(past === true ? { past } : {}) };
}

/** The row, or null when it is absent. @throws C1Error ERROR_READ_FAILED when the snapshot does not cover it. */
export function rowOf(snapshot: Snapshot, ref: RowRef): RowState | null {
  assertAsked(snapshot, ref);
  return snapshot.rows.get(refOf(ref)) ?? null;
}

/** A row that was found by the beginning of its key. */
export interface FamilyRow extends RowState {
  readonly key: string;
}

/** Every row whose key begins with `prefix`, by key. @throws C1Error ERROR_READ_FAILED when the snapshot does not cover them */
export function familyOf(snapshot: Snapshot, surface: SurfaceName, prefix: string): readonly FamilyRow[] {
  const start = `${surface}/`;
  if (!snapshot.asked.has(scopeName({ surface, prefix }))) throw uncovered(scopeName({ surface, prefix }));
  return [...snapshot.rows]
    .filter(([ref]) => ref.startsWith(start + prefix))
    .map(([ref, row]) => ({ ...row, key: ref.slice(start.length) }))
    .toSorted((left, right) => (left.key < right.key ? -1 : 1));
}

/** How many rows of a surface are live. @throws C1Error ERROR_READ_FAILED when nobody asked for the count */
export function liveCountOf(snapshot: Snapshot, surface: SurfaceName): number {
  const count = snapshot.counts.get(surface);
  if (count === undefined) throw uncovered(scopeName({ surface, count: 'live' }));
  return count;
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
  const counts = new Map(snapshot.counts);
  for (const delta of deltas) {
    const ref = refOf(delta);
    if (delta.after === null) rows.delete(ref);
    else rows.set(ref, { image: delta.after, live: isLive(delta.surface, delta.after) });
    claims.set(ref, { ...owner, image: delta.after });
    const count = counts.get(delta.surface);
    if (count !== undefined) counts.set(delta.surface, count + NET[delta.op]);
  }
  return { ...snapshot, rows, claims, counts };
}

/** Twin of `iu_core.is_live`: an entry that retires is an insert of a row that is not live. */
function isLive(surface: SurfaceName, image: Image): boolean {
  const { status } = SURFACES[surface];
  return status === null || !status.dead.includes(String(image[status.column]));
}

const NET: Readonly<Record<DeltaOp, number>> = { insert: 1, reinstate: 1, update: 0, retire: -1 };

function assertAsked(snapshot: Snapshot, ref: RowRef): void {
  const name = refOf(ref);
  if (snapshot.asked.has(name) || inAskedFamily(snapshot, name)) return;
  throw uncovered(name);
}

function inAskedFamily({ asked }: Snapshot, name: string): boolean {
  return [...asked].some((one) => one.endsWith('*') && name.startsWith(one.slice(0, -1)));
}

function uncovered(name: string): C1Error {
  return new C1Error('ERROR_READ_FAILED', {
    seen: `a snapshot without ${name}`,
    expected: 'every row that plan() reads',
    next: 'report it: the scope of this DOT is wrong',
  });
}
