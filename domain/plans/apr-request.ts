import { aprPrefix, isRequestOf } from '../apr.ts';
import { C1Error } from '../codes.ts';
import { type Delta, type RowRef, refOf, type ScopeRef } from '../deltas.ts';
import { type FamilyRow, familyOf, liveClaimOf, type Snapshot } from '../snapshot.ts';
import { assertNoDrift, type Claimant, delta, type Family } from './plan.ts';

/** What the plans of requests share: the requests that patch one DOT, of which at most one is live. */
export type Target = { readonly dot_code: string };

export function requestFamily({ dot_code }: Target): Family {
  return { surface: 'apr_requests', prefix: aprPrefix(dot_code) };
}

/** Of this very DOT: `APR-C1-DOT-3-` also begins the codes of a DOT-3-FOO. */
export function requestsOf(snapshot: Snapshot, target: Target): readonly FamilyRow[] {
  const { surface, prefix } = requestFamily(target);
  return familyOf(snapshot, surface, prefix).filter(({ key }) => isRequestOf(target.dot_code, key));
}

/**
 * The one live request on the target, with its claim checked: nobody else's, and as it was last written.
 *
 * @throws C1Error HOLD_APR_PENDING when two are live; HOLD_DRIFT
 */
export function liveRequest(snapshot: Snapshot, target: Target): FamilyRow | null {
  const live = requestsOf(snapshot, target).filter((row) => row.live);
  if (live.length > 1) {
    throw new C1Error('HOLD_APR_PENDING', {
      seen: `live requests ${live.map(({ key }) => key).join(', ')} on ${target.dot_code}`,
      expected: 'one at a time',
    });
  }
  const [only] = live;
  if (only !== undefined) assertNoDrift(snapshot, requestRef(only));
  return only ?? null;
}

/** @throws C1Error HOLD_CLAIMED_ELSEWHERE when another stack, or nobody, claims the request */
export function assertRequestOfStack(snapshot: Snapshot, row: FamilyRow, claimant: Claimant): void {
  const claim = liveClaimOf(snapshot, requestRef(row));
  if (claim?.stack === claimant.stack) return;
  throw new C1Error('HOLD_CLAIMED_ELSEWHERE', {
    seen: `${row.key} claimed by ${claim === null ? 'nobody' : `stack ${claim.stack}`}`,
    expected: `a request of stack ${claimant.stack}`,
  });
}

/** Requests on the target that came to nothing: an owner said no, or nobody said enough in time. */
export function denialsOf(snapshot: Snapshot, target: Target): number {
  return requestsOf(snapshot, target).filter(isLost).length;
}

function isLost(row: FamilyRow): boolean {
  return row.image.status === 'denied' || row.image.status === 'expired' || isOver(row);
}

/** Pending, and past its expiry: nobody can vote on it any more, and who asks anew closes it. */
export function isOver({ image, past }: FamilyRow): boolean {
  return image.status === 'pending' && past === true;
}

/** How many requests like it were closed: what makes the next one another request. */
export function closedBefore(rows: readonly FamilyRow[]): number {
  return rows.filter((row) => !row.live || isOver(row)).length;
}

/** Closes a request that is over, in the run that asks anew. */
export function expire(row: FamilyRow): Delta {
  return delta(requestRef(row), 'retire', row.image, { ...row.image, status: 'expired' });
}

/** @throws C1Error HOLD_APR_EXPIRED */
export function assertNotOver(row: FamilyRow): void {
  if (!isOver(row)) return;
  throw new C1Error('HOLD_APR_EXPIRED', { seen: describeRequest(row), expected: 'a request that is still open' });
}

export function requestRef({ key }: Pick<FamilyRow, 'key'>): RowRef {
  return { surface: 'apr_requests', key };
}

export function toolRef({ dot_code }: Target): RowRef {
  return { surface: 'dot_tools', key: dot_code };
}

/** The requests on the target, and the DOT itself, which must be a live tool. */
export function requestScope(target: Target): readonly ScopeRef[] {
  return [requestFamily(target), toolRef(target)];
}

export function describeRequest(row: FamilyRow): string {
  return `${refOf(requestRef(row))} (${String(row.image.status)})`;
}
