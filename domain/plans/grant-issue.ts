import { aprCode } from '../apr.ts';
import { C1Error } from '../codes.ts';
import type { Delta, Image } from '../deltas.ts';
import { GRANT_REQUESTS, type GrantAction, type GrantOrder } from '../grant.ts';
import { AUTHORIZE_ACTION } from '../handler.ts';
import type { FamilyRow, Snapshot } from '../snapshot.ts';
import {
  assertRequestOfStack,
  closedBefore,
  describeRequest,
  expire,
  isOver,
  liveRequest,
  requestRef,
  requestsOf,
} from './apr-request.ts';
import { assertGrantContent } from './grant-content.ts';
import {
  actionOfRequest,
  asksFor,
  expireGrant,
  GRANT_FAMILY,
  GRANT_SCOPE,
  grantOf,
  grantRef,
  isSpent,
  subjectOf,
} from './grant-request.ts';
import { type Claimant, claims, type DotPlan, delta, type Plan, withLedger } from './plan.ts';

/** Null where the flags only ask to retire. */
export type GrantAsked = GrantOrder | null;

const DOT = 'DOT_C1_GRANT_ISSUE';
const REQUESTS = { dot_code: GRANT_REQUESTS };

/**
 * W7: asks the owners for a build grant, and takes back what came of it. It proposes, and never inserts a grant. The same
 * request twice is a NOOP; another one beside a pending one or a live grant is a HOLD; after a grant was used or is over,
 * a raised generation asks anew and closes the old request.
 */
export const grantIssue: DotPlan<GrantAsked> = {
  dot: DOT,
  family: () => GRANT_FAMILY,
  subject: (asked, snapshot) => {
    if (snapshot === undefined) throw new TypeError('which request it is about depends on the requests before');
    return asked === null ? subjectOf(liveRequest(snapshot, REQUESTS)) : requestRef({ key: codeFor(snapshot, asked) });
  },
  scope: () => GRANT_SCOPE,
  apply: (snapshot, asked, claimant) => {
    if (asked === null) throw new TypeError('a request without an order');
    const ref = requestRef({ key: codeFor(snapshot, asked) });
    return withLedger(DOT, 'apply', ref, planApply(snapshot, asked, claimant));
  },
  retire: (snapshot, _asked, claimant) =>
    withLedger(DOT, 'retire', subjectOf(liveRequest(snapshot, REQUESTS)), planRetire(snapshot, claimant)),
};

function planApply(snapshot: Snapshot, order: GrantOrder, claimant: Claimant): Plan {
  const live = liveRequest(snapshot, REQUESTS);
  if (live !== null) assertRequestOfStack(snapshot, live, claimant);
  // What a grant was minted from stays as it is, whatever became of the manifest since.
  if (live !== null && !isOver(live) && asksFor(live, order)) return { kind: 'noop', code: 'NOOP_ALREADY_THERE' };
  assertGrantContent(snapshot, order, codeFor(snapshot, order));
  const asked = delta(requestRef({ key: codeFor(snapshot, order) }), 'insert', null, imageFor(snapshot, order));
  return { kind: 'change', deltas: [...(live === null ? [] : [closing(snapshot, live, order)]), asked] };
}

/** How the request before makes room. @throws C1Error HOLD_APR_PENDING, HOLD_GRANT_LIVE, HOLD_PRESTATE_MOVED */
function closing(snapshot: Snapshot, live: FamilyRow, order: GrantOrder): Delta {
  if (isOver(live)) return expire(live);
  if (live.image.status === 'pending') {
    throw new C1Error('HOLD_APR_PENDING', {
      seen: `${describeRequest(live)} for another grant`,
      expected: 'no other request for a grant of C1',
    });
  }
  const grant = grantOf(snapshot, live);
  if (grant !== null && !isSpent(grant)) {
    throw new C1Error('HOLD_GRANT_LIVE', {
      seen: `grant ${grant.key} (${String(grant.image.status)}) and an order for another one`,
      expected: 'no live grant beside it',
    });
  }
  if (order.generation > actionOfRequest(live).generation) return close(live);
  throw new C1Error('HOLD_PRESTATE_MOVED', {
    seen: `${describeRequest(live)}, whose grant was used or is over, and another order of generation ${order.generation}`,
    expected: `generation ${actionOfRequest(live).generation + 1}, or the order as it was`,
    next: 'raise c1:grantGeneration, then npx pulumi up',
  });
}

function close(live: FamilyRow): Delta {
  return delta(requestRef(live), 'retire', live.image, { ...live.image, status: 'closed' });
}

/** Withdrawn before anybody acted on it; after that the grant is revoked. What was used or is over stays as it is. */
function planRetire(snapshot: Snapshot, claimant: Claimant): Plan {
  const live = liveRequest(snapshot, REQUESTS);
  if (live === null || !claims(snapshot, requestRef(live), claimant)) return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  return { kind: 'change', deltas: retired(snapshot, live) };
}

function retired(snapshot: Snapshot, live: FamilyRow): readonly Delta[] {
  const closed = (status: string) => delta(requestRef(live), 'retire', live.image, { ...live.image, status });
  if (live.image.status === 'pending') return [closed('withdrawn')];
  const grant = grantOf(snapshot, live);
  if (grant === null || !grant.live) return [closed('closed')];
  if (isSpent(grant)) return [expireGrant(grant), closed('closed')];
  const revoked = delta(grantRef(live), 'retire', grant.image, { ...grant.image, status: 'revoked' });
  return [revoked, closed('rolled_back')];
}

/** Of the request that is live and asks for this, else of the next one. */
function codeFor(snapshot: Snapshot, order: GrantOrder): string {
  const live = liveRequest(snapshot, REQUESTS);
  if (live !== null && !isOver(live) && asksFor(live, order)) return live.key;
  return aprCode(AUTHORIZE_ACTION, grantActionFor(snapshot, order));
}

/** The whole of what is asked for: with how many requests before it were closed, so that asking again is another one. */
export function grantActionFor(snapshot: Snapshot, order: GrantOrder): GrantAction {
  const before = requestsOf(snapshot, REQUESTS);
  // A request that is closed in the same run counts as well.
  const isClosing = before.some((row) => row.live && !isOver(row) && row.image.status === 'applied');
  return { ...order, incarnation: closedBefore(before) + (isClosing ? 1 : 0) };
}

function imageFor(snapshot: Snapshot, order: GrantOrder): Image {
  return {
    apr_code: codeFor(snapshot, order),
    request_type: 'governance',
    action_code: AUTHORIZE_ACTION,
    proposed_action: grantActionFor(snapshot, order),
    risk_class: 'high',
    status: 'pending',
  };
}
