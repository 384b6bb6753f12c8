import { digestOf, type Json } from '../canonical.ts';
import type { RuntimeState } from '../runtime-state.ts';
import type { Snapshot } from '../snapshot.ts';
import { SURFACE_NAMES, SURFACES } from '../surfaces.ts';
import type { ProgramPlan } from './document.ts';

/**
 * What the plans stand on, per surface: how many rows there are, and a digest of the rows and claims that a plan reads.
 * That nobody else changed any other row is the reader's to say (`assertIntegrity`); the handbook's head says the rest.
 */
export function prestateOf(snapshot: Snapshot, counters: RuntimeState['counters']): ProgramPlan['prestate'] {
  const named = SURFACE_NAMES.filter((surface) => SURFACES[surface].kind !== 'bookkeeping');
  return Object.fromEntries(
    named.map((surface) => {
      const { live = 0, total = 0 } = counters[surface] ?? {};
      return [surface, { live, total, rows: rowsDigest(snapshot, `${surface}/`) }];
    }),
  );
}

function rowsDigest({ rows, claims }: Snapshot, start: string): string {
  const ofSurface = <T>(found: ReadonlyMap<string, T>) =>
    [...found].filter(([ref]) => ref.startsWith(start)).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return digestOf({
    rows: ofSurface(rows).map(([ref, { image, live }]) => ({ ref, image, live })),
    claims: ofSurface(claims).map(([ref, { stack, resource, status, image }]) => ({
      ...{ ref, stack, resource, status, image },
    })),
  } as unknown as Json);
}
