import { digestOf, type Json } from './canonical.ts';
import type { SurfaceName } from './surfaces.ts';

/** Planned row image: every column but those that the runtime assigns. */
export type Image = { readonly [column: string]: Json };

/** What a change does to a row. A `retire` is a status change, a supersession, or the removal of an empty object. */
export type DeltaOp = 'insert' | 'update' | 'reinstate' | 'retire';

export type Direction = 'apply' | 'retire';

export interface RowRef {
  readonly surface: SurfaceName;
  readonly key: string;
}

/** What a plan reads: one row, every row whose key begins like that, or how many rows of a surface are live. */
export type ScopeRef =
  | RowRef
  | { readonly surface: SurfaceName; readonly prefix: string }
  | { readonly surface: SurfaceName; readonly count: 'live' };

/** One row change. `before` is null on an insert; `after` is null where retiring removes an empty object. */
export interface Delta extends RowRef {
  readonly op: DeltaOp;
  readonly before: Image | null;
  readonly after: Image | null;
}

/** What a step does with one command: the deltas with the step and the direction that they belong to. */
export interface RunDeltas {
  readonly step: string;
  readonly direction: Direction;
  readonly deltas: readonly Delta[];
}

export function refOf({ surface, key }: RowRef): string {
  return `${surface}/${key}`;
}

/** Name of what a plan reads; a row's is that of `refOf`. No key holds an asterisk or begins with a number sign. */
export function scopeName(ref: ScopeRef): string {
  if ('key' in ref) return refOf(ref);
  return 'prefix' in ref ? `${ref.surface}/${ref.prefix}*` : `#${ref.surface}`;
}

/** Sorted as PostgreSQL sorts them (`collate "C"`), so that both sides digest the same bytes. */
export function sortDeltas(deltas: readonly Delta[]): readonly Delta[] {
  return deltas.toSorted((left, right) => compare(left.surface, right.surface) || compare(left.key, right.key));
}

/**
 * SHA-256 over step, direction and every delta (key, operation, before, after): what an owner approves and what the
 * gateway compares with the rows that really changed. PostgreSQL computes it in `iu_core.delta_digest`.
 */
export function deltaDigest(run: RunDeltas): string {
  const deltas = sortDeltas(run.deltas).map(({ surface, key, op, before, after }) => ({
    surface,
    key,
    op,
    before,
    after,
  }));
  return digestOf({ step: run.step, direction: run.direction, deltas });
}

/** By the bytes of UTF-8: JavaScript's own order differs from it where a character takes two code units. */
function compare(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
