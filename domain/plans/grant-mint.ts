import { C1Error } from '../codes.ts';
import { GRANT_TARGET } from '../decision/grant-checks.ts';
import { GRANT_REQUESTS, type GrantOrder, grantImage } from '../grant.ts';
import { AUTHORIZE_ACTION, AUTHORIZE_HANDLER } from '../handler.ts';
import { type FamilyRow, liveClaimOf, rowOf, type Snapshot } from '../snapshot.ts';
import type { Authorization } from './apr-dispatch.ts';
import { assertNotOver, assertRequestOfStack, describeRequest, liveRequest, requestRef } from './apr-request.ts';
import { assertGrantContent } from './grant-content.ts';
import {
  actionOfRequest,
  activeGrants,
  asksFor,
  expireGrant,
  GRANT_FAMILY,
  GRANT_SCOPE,
  grantRef,
  isSpent,
  subjectOf,
} from './grant-request.ts';
import { type Claimant, type DotPlan, delta, type Plan, withLedger } from './plan.ts';

const DOT = 'DOT-310';
const HANDLER = { surface: 'apr_action_types', key: AUTHORIZE_ACTION } as const;

/**
 * W7: the arm of `dot-apr-execute` that mints, the only way to a grant. One for one approved request; first, grants past
 * their expiry get the status that says so. Whether owners approved is no part of the plan: bin and gateway check it.
 */
export const grantMint: DotPlan<Authorization> = {
  dot: DOT,
  family: () => GRANT_FAMILY,
  subject: (_, snapshot) => subjectOf(snapshot === undefined ? null : live(snapshot)),
  scope: () => GRANT_SCOPE,
  apply: (snapshot, { authorize, order }, claimant) => {
    assertTarget(authorize);
    return withLedger(DOT, 'apply', subjectOf(live(snapshot)), planApply(snapshot, order, claimant));
  },
  retire: () => {
    throw new C1Error('ERROR_USAGE', {
      seen: 'a retire of the grant',
      expected: 'dot-c1-grant-issue --retire, which revokes it',
    });
  },
};

/** There is one DOT that a grant can be for. */
function assertTarget(authorize: string): void {
  if (authorize === GRANT_TARGET) return;
  throw new C1Error('REJECT_SCOPE_NOT_C1', { seen: `a grant for ${authorize}`, expected: GRANT_TARGET });
}

function live(snapshot: Snapshot): FamilyRow | null {
  return liveRequest(snapshot, { dot_code: GRANT_REQUESTS });
}

function planApply(snapshot: Snapshot, order: GrantOrder | null, claimant: Claimant): Plan {
  const request = live(snapshot);
  if (request === null) {
    throw new C1Error('HOLD_APR_MISSING', { seen: 'no live request for a grant', expected: 'one that was proposed' });
  }
  assertRequestOfStack(snapshot, request, claimant);
  if (order !== null && !asksFor(request, order)) {
    throw new C1Error('HOLD_APR_PENDING', {
      seen: `${describeRequest(request)} for another grant than the one that is to be minted`,
      expected: 'a request for this very order',
    });
  }
  if (request.image.status === 'applied') return minted(snapshot, request, claimant);
  assertNotOver(request);
  assertBound(snapshot);
  const action = actionOfRequest(request);
  assertGrantContent(snapshot, action, request.key);
  const active = activeGrants(snapshot);
  assertNoneLive(active.filter((grant) => !isSpent(grant)));
  const grant = grantRef(request);
  return {
    kind: 'change',
    deltas: [
      ...active.map(expireGrant),
      delta(grant, 'insert', null, grantImage(action, request.key, grant.key)),
      delta(requestRef(request), 'update', request.image, { ...request.image, status: 'applied' }),
    ],
  };
}

/** Twice mints once. A grant that was used since, or is over, is no longer claimed and stays as it is. */
function minted(snapshot: Snapshot, request: FamilyRow, claimant: Claimant): Plan {
  if (liveClaimOf(snapshot, requestRef(request))?.resource === claimant.resource)
    return { kind: 'noop', code: 'NOOP_ALREADY_THERE' };
  const grant = grantRef(request);
  const claimed = liveClaimOf(snapshot, grant) === null ? [] : [grant];
  return { kind: 'takeClaim', refs: [requestRef(request), ...claimed] };
}

function assertBound(snapshot: Snapshot): void {
  const handler = rowOf(snapshot, HANDLER)?.image.handler_ref;
  if (handler === AUTHORIZE_HANDLER) return;
  throw new C1Error('HOLD_HANDLER_UNBOUND', {
    seen: `handler ${String(handler ?? 'none')} of ${AUTHORIZE_ACTION}`,
    expected: AUTHORIZE_HANDLER,
  });
}

function assertNoneLive([grant]: readonly FamilyRow[]): void {
  if (grant === undefined) return;
  throw new C1Error('HOLD_GRANT_LIVE', {
    seen: `live grant ${grant.key}`,
    expected: 'none before a new one is minted',
  });
}
