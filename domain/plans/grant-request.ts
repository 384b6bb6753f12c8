import { sameJson } from '../canonical.ts';
import { authCodeOf } from '../decision/grant-checks.ts';
import type { Delta, RowRef, ScopeRef } from '../deltas.ts';
import { GRANT_REQUESTS, type GrantAction, type GrantOrder } from '../grant.ts';
import { AUTHORIZE_ACTION } from '../handler.ts';
import { type FamilyRow, familyOf, rowOf, type Snapshot } from '../snapshot.ts';
import { requestFamily, requestRef } from './apr-request.ts';
import { MANIFEST_REFS } from './grant-content.ts';
import { assertNoDrift, delta, type Family } from './plan.ts';

/** What the plans of a grant share: the requests for one, and the rows that were minted from them. */
export const GRANT_FAMILY: Family = requestFamily({ dot_code: GRANT_REQUESTS });
const MINTED: Family = { surface: 'governance_build_authorization', prefix: authCodeOf('') };
export const GRANT_SCOPE: readonly ScopeRef[] = [GRANT_FAMILY, MINTED, ...MANIFEST_REFS];

export function grantRef(request: Pick<FamilyRow, 'key'>): RowRef {
  return { surface: MINTED.surface, key: authCodeOf(request.key) };
}

/** The grant that was minted from a request, with its claim checked; null without one. @throws C1Error HOLD_DRIFT */
export function grantOf(snapshot: Snapshot, request: Pick<FamilyRow, 'key'>): FamilyRow | null {
  const ref = grantRef(request);
  const row = rowOf(snapshot, ref);
  if (row !== null) assertNoDrift(snapshot, ref);
  return row === null ? null : { ...row, key: ref.key };
}

/** Grants with status active, the ones past their expiry among them. */
export function activeGrants(snapshot: Snapshot): readonly FamilyRow[] {
  return familyOf(snapshot, MINTED.surface, MINTED.prefix).filter(({ live }) => live);
}

/** Used, over, or past its expiry: nothing more can be done with it. */
export function isSpent({ image, live, past }: FamilyRow): boolean {
  return (!live && image.status !== 'revoked') || past === true;
}

/** A grant past its expiry gets the status that it has by the clock. */
export function expireGrant(grant: FamilyRow): Delta {
  const ref = { surface: MINTED.surface, key: grant.key };
  return delta(ref, 'retire', grant.image, { ...grant.image, status: 'expired' });
}

export function actionOfRequest({ image }: FamilyRow): GrantAction {
  return image.proposed_action as unknown as GrantAction;
}

/** Whether the request asks for just this; how many were closed before it is no part of an order. */
export function asksFor(row: FamilyRow, order: GrantOrder): boolean {
  const { incarnation: _, ...asked } = actionOfRequest(row);
  return row.image.action_code === AUTHORIZE_ACTION && sameJson(asked, order);
}

export function subjectOf(live: FamilyRow | null): RowRef {
  return requestRef({ key: live?.key ?? `${GRANT_FAMILY.prefix}none` });
}
