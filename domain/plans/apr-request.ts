import { aprPrefix, isRequestOf } from '../apr.ts';
import { C1Error } from '../codes.ts';
import { type RowRef, refOf, type ScopeRef } from '../deltas.ts';
import { type FamilyRow, familyOf, liveClaimOf, type Snapshot } from '../snapshot.ts';
import { assertNoDrift, type Claimant, type Family } from './plan.ts';

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

/** Requests on the target that an owner said no to. */
export function denialsOf(snapshot: Snapshot, target: Target): number {
  return requestsOf(snapshot, target).filter(({ image }) => image.status === 'denied').length;
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
