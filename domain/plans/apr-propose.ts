import { aprCode, imageOfPatch, PATCH_ACTION, type PatchAction, type PatchImage, type PatchProposal } from '../apr.ts';
import { sameJson } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import type { Image } from '../deltas.ts';
import { type FamilyRow, rowOf, type Snapshot } from '../snapshot.ts';
import {
  assertRequestOfStack,
  closedBefore,
  describeRequest,
  expire,
  isOver,
  liveRequest,
  requestFamily,
  requestRef,
  requestScope,
  requestsOf,
  toolRef,
} from './apr-request.ts';
import { type Claimant, claims, type DotPlan, delta, type Plan, withLedger } from './plan.ts';

/**
 * W1, H1: asks the owners for a patch. The same request twice is a NOOP; another one on the same DOT is a HOLD, because
 * two would be approved without either knowing of the other. After a rollback or a denial the same patch is a new request.
 */
export const aprPropose: DotPlan<PatchProposal> = {
  dot: 'DOT_APR_PROPOSE',
  family: requestFamily,
  subject: (payload, snapshot) => requestRef({ key: codeFor(known(snapshot), payload) }),
  scope: requestScope,
  apply: (snapshot, payload, claimant) => {
    const ref = requestRef({ key: codeFor(snapshot, payload) });
    return withLedger('DOT_APR_PROPOSE', 'apply', ref, planApply(snapshot, payload, claimant));
  },
  retire: (snapshot, payload, claimant) => {
    const ref = requestRef({ key: codeFor(snapshot, payload) });
    return withLedger('DOT_APR_PROPOSE', 'retire', ref, planRetire(snapshot, payload, claimant));
  },
};

function planApply(snapshot: Snapshot, payload: PatchProposal, claimant: Claimant): Plan {
  assertTarget(snapshot, payload);
  const live = liveRequest(snapshot, payload);
  if (live !== null) assertRequestOfStack(snapshot, live, claimant);
  if (live === null || isOver(live)) {
    const asked = delta(refFor(snapshot, payload), 'insert', null, imageFor(snapshot, payload));
    return { kind: 'change', deltas: live === null ? [asked] : [expire(live), asked] };
  }
  if (asksTheSame(live, payload)) return { kind: 'noop', code: 'NOOP_ALREADY_THERE' };
  if (live.image.status === 'pending') {
    throw new C1Error('HOLD_APR_PENDING', {
      seen: `${describeRequest(live)} for another change of ${payload.dot_code}`,
      expected: 'no other request on the same DOT',
    });
  }
  throw new C1Error('HOLD_PRESTATE_MOVED', {
    seen: `${describeRequest(live)} with another patch of ${payload.dot_code}`,
    expected: 'the patch that was applied: a patch over a patch is not taken back in one step',
    next: 'npx pulumi destroy, which rolls the old patch back, then npx pulumi up',
  });
}

/** Only a request that nobody acted on is withdrawn; an applied one is rolled back by who applied it. */
function planRetire(snapshot: Snapshot, payload: PatchProposal, claimant: Claimant): Plan {
  const live = liveRequest(snapshot, payload);
  if (live === null || live.image.status !== 'pending' || !claims(snapshot, requestRef(live), claimant))
    return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  const after = { ...live.image, status: 'withdrawn' };
  return { kind: 'change', deltas: [delta(requestRef(live), 'retire', live.image, after)] };
}

/** @throws C1Error REJECT_PATCH_TARGET when the DOT is unknown, or the file is another DOT's */
function assertTarget(snapshot: Snapshot, payload: PatchProposal): void {
  const tool = rowOf(snapshot, toolRef(payload));
  const name = payload.file_path.split('/').at(-1);
  if (tool?.live === true && tool.image.name === name) return;
  throw new C1Error('REJECT_PATCH_TARGET', {
    seen:
      tool?.live === true
        ? `${payload.file_path} for ${payload.dot_code}, whose file is ${String(tool.image.name)}`
        : `a patch of ${payload.dot_code}, which is no registered DOT`,
    expected: 'the own file of a registered DOT',
  });
}

/** Of the request that is live, else of the next one. */
function codeFor(snapshot: Snapshot, payload: PatchProposal): string {
  const live = liveRequest(snapshot, payload);
  return live === null || isOver(live) ? aprCode(PATCH_ACTION, actionFor(snapshot, payload)) : live.key;
}

function refFor(snapshot: Snapshot, payload: PatchProposal) {
  return requestRef({ key: codeFor(snapshot, payload) });
}

function imageFor(snapshot: Snapshot, payload: PatchProposal): Image {
  return {
    apr_code: codeFor(snapshot, payload),
    // As seed 003 has it: a patch repairs the file of a DOT.
    request_type: 'fix_repair_dot',
    action_code: PATCH_ACTION,
    proposed_action: imageOfPatch(actionFor(snapshot, payload)),
    risk_class: 'high',
    status: 'pending',
  };
}

/** The whole of what is asked for, which the row carries and its image does not. */
export function patchFor(snapshot: Snapshot, payload: PatchProposal): PatchAction {
  return actionFor(snapshot, payload);
}

/** With the number of closed requests before it, so that asking again after a denial is another request. */
function actionFor(snapshot: Snapshot, payload: PatchProposal): PatchAction {
  return { ...payload, incarnation: closedBefore(requestsOf(snapshot, payload)) };
}

function asksTheSame(row: FamilyRow, payload: PatchProposal): boolean {
  const { incarnation: _, ...asked } = row.image.proposed_action as PatchImage;
  return row.image.action_code === PATCH_ACTION && sameJson(asked, imageOfPatch(payload));
}

function known(snapshot: Snapshot | undefined): Snapshot {
  if (snapshot !== undefined) return snapshot;
  throw new TypeError('which request it is about depends on the requests before');
}
