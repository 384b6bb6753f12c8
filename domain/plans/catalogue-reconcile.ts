import { sameJson } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import type { Image, RowRef, ScopeRef } from '../deltas.ts';
import type { CatalogueRow } from '../payloads.ts';
import { liveClaimOf, liveCountOf, rowOf, type Snapshot } from '../snapshot.ts';
import {
  assertNoDrift,
  assertSameStack,
  type Claimant,
  claims,
  type DotPlan,
  delta,
  type Plan,
  withLedger,
} from './plan.ts';

/**
 * W4, before the tool rows: the catalogue of DOTs says how many there are. It says 163 where 309 are live (seed 002 §3);
 * neither this DOT nor the one below may make the catalogue row, or change anything else of it.
 */
export const catalogueEnsure: DotPlan<CatalogueRow> = {
  dot: 'DOT_SCHEMA_META_CATALOG_ENSURE',
  subject,
  scope,
  apply: (snapshot, payload, claimant) =>
    withLedger('DOT_SCHEMA_META_CATALOG_ENSURE', 'apply', subject(payload), planApply(snapshot, payload, claimant)),
  retire: () => {
    throw new C1Error('ERROR_USAGE', {
      seen: 'a retire',
      expected: 'dot-catalog-sync --retire, which releases the row',
    });
  },
};

/** W4, after the tool rows: the same count again. Retiring, after they are gone, counts once more and releases the row. */
export const catalogueSync: DotPlan<CatalogueRow> = {
  dot: 'DOT-015',
  subject,
  scope,
  apply: (snapshot, payload, claimant) =>
    withLedger('DOT-015', 'apply', subject(payload), planApply(snapshot, payload, claimant)),
  retire: (snapshot, payload, claimant) =>
    withLedger('DOT-015', 'retire', subject(payload), planRelease(snapshot, payload, claimant)),
};

function planApply(snapshot: Snapshot, payload: CatalogueRow, claimant: Claimant): Plan {
  const ref = subject(payload);
  const claim = liveClaimOf(snapshot, ref);
  if (claim !== null) {
    assertSameStack(claim.stack, { ref, claimant });
    assertNoDrift(snapshot, ref);
  }
  const image = catalogueImage(snapshot, ref);
  const counted = countedImage(snapshot, image);
  if (!sameJson(image, counted)) return { kind: 'change', deltas: [delta(ref, 'update', image, counted)] };
  const isMoving = claim !== null && claim.resource !== claimant.resource;
  return isMoving ? { kind: 'takeClaim', refs: [ref] } : { kind: 'noop', code: 'NOOP_ALREADY_THERE' };
}

/** Only a run releases a claim, so the row is touched even where its count is right already. */
function planRelease(snapshot: Snapshot, payload: CatalogueRow, claimant: Claimant): Plan {
  const ref = subject(payload);
  if (!claims(snapshot, ref, claimant)) return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  assertNoDrift(snapshot, ref);
  const image = catalogueImage(snapshot, ref);
  return { kind: 'change', deltas: [delta(ref, 'update', image, countedImage(snapshot, image))] };
}

function catalogueImage(snapshot: Snapshot, ref: RowRef): Image {
  const row = rowOf(snapshot, ref);
  if (row?.live === true) return row.image;
  throw new C1Error('HOLD_PRESTATE_MOVED', {
    seen: row === null ? `no row ${ref.surface}/${ref.key}` : `a retired row ${ref.surface}/${ref.key}`,
    expected: 'the live catalogue of DOTs, which no DOT of this step makes',
    next: 'ask the owner of the catalogue to bring the row back',
  });
}

function countedImage(snapshot: Snapshot, image: Image): Image {
  return { ...image, record_count: liveCountOf(snapshot, 'dot_tools') };
}

function scope(payload: CatalogueRow): readonly ScopeRef[] {
  return [subject(payload), { surface: 'dot_tools', count: 'live' }];
}

function subject({ code }: CatalogueRow): RowRef {
  return { surface: 'meta_catalog', key: code };
}
