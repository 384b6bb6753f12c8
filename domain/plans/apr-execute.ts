import { PATCH_ACTION, type PatchAction, patchAction } from '../apr.ts';
import { sha256Hex } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import type { Delta, RowRef } from '../deltas.ts';
import { type FamilyRow, liveClaimOf, type Snapshot } from '../snapshot.ts';
import {
  assertRequestOfStack,
  liveRequest,
  requestFamily,
  requestRef,
  requestScope,
  type Target,
} from './apr-request.ts';
import { type Claimant, claims, type DotPlan, delta, type Plan, withLedger } from './plan.ts';

/**
 * W1, H1: applies the patch that owners approved, and takes it back. Whether they did approve is no part of the plan, so
 * that a preview shows the rows before anybody voted: the bin and the gateway check quorum and signatures at the write.
 */
export const aprExecute: DotPlan<Target> = {
  dot: 'DOT-310',
  family: requestFamily,
  subject: (payload, snapshot) => subjectOf(snapshot, payload),
  scope: requestScope,
  apply: (snapshot, payload, claimant) =>
    withLedger('DOT-310', 'apply', subjectOf(snapshot, payload), planApply(snapshot, payload, claimant)),
  retire: (snapshot, payload, claimant) =>
    withLedger('DOT-310', 'retire', subjectOf(snapshot, payload), planRetire(snapshot, payload, claimant)),
};

/** The patch of a request's row. @throws C1Error REJECT_PATCH_TARGET when the row holds none that may be applied */
export function actionOf(row: Pick<FamilyRow, 'key' | 'image'>): PatchAction {
  const parsed = patchAction.safeParse(row.image.proposed_action);
  if (row.image.action_code === PATCH_ACTION && parsed.success) return parsed.data;
  const wrong = parsed.error?.issues[0];
  throw new C1Error('REJECT_PATCH_TARGET', {
    seen: `${row.key} asking for ${String(row.image.action_code)}${wrong === undefined ? '' : ` (${wrong.path.join('.')}: ${wrong.message})`}`,
    expected: `a ${PATCH_ACTION} request of the known shape`,
  });
}

function planApply(snapshot: Snapshot, payload: Target, claimant: Claimant): Plan {
  const request = liveRequest(snapshot, payload);
  if (request === null) throw missing(payload);
  assertRequestOfStack(snapshot, request, claimant);
  if (request.image.status === 'pending') return { kind: 'change', deltas: applied(request) };
  const isOurs = liveClaimOf(snapshot, requestRef(request))?.resource === claimant.resource;
  if (isOurs) return { kind: 'noop', code: 'NOOP_ALREADY_THERE' };
  return { kind: 'takeClaim', refs: [requestRef(request)] };
}

function planRetire(snapshot: Snapshot, payload: Target, claimant: Claimant): Plan {
  const request = liveRequest(snapshot, payload);
  if (request === null || request.image.status !== 'applied' || !claims(snapshot, requestRef(request), claimant))
    return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  return { kind: 'change', deltas: rolledBack(request) };
}

function applied(request: FamilyRow): readonly Delta[] {
  const action = actionOf(request);
  const sha256 = sha256Hex(Buffer.from(action.new_content_base64, 'base64'));
  return [
    delta(requestRef(request), 'update', request.image, { ...request.image, status: 'applied' }),
    deploy(request, action, { version: action.version, sha256 }, 'success'),
  ];
}

function rolledBack(request: FamilyRow): readonly Delta[] {
  const action = actionOf(request);
  return [
    delta(requestRef(request), 'retire', request.image, { ...request.image, status: 'rolled_back' }),
    deploy(request, action, action.replaces, 'restored'),
  ];
}

function deploy(
  { key }: FamilyRow,
  { file_path }: PatchAction,
  file: { readonly version: string; readonly sha256: string },
  status: 'success' | 'restored',
): Delta {
  const row = { file: file_path, request_ref: key, ...file, status, is_known_good: true };
  return delta({ surface: 'vps_deploy_log', key: `${file_path}/${key}/${status}` }, 'insert', null, row);
}

/** The live request, else none: a run about nothing is never journalled. */
function subjectOf(snapshot: Snapshot | undefined, payload: Target): RowRef {
  const request = snapshot === undefined ? null : liveRequest(snapshot, payload);
  return requestRef({ key: request?.key ?? `${requestFamily(payload).prefix}none` });
}

function missing({ dot_code }: Target): C1Error {
  return new C1Error('HOLD_APR_MISSING', {
    seen: `no live request on ${dot_code}`,
    expected: 'one that was proposed',
  });
}
