import type * as z from 'zod/mini';
import { type AprRequest, PATCH_ACTION, type PatchAction, type PatchImage, patchAction, patchImage } from '../apr.ts';
import type { Json } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import type { Delta, RowRef } from '../deltas.ts';
import { type FamilyRow, liveClaimOf, type Snapshot } from '../snapshot.ts';
import {
  assertNotOver,
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

/** The patch of a request's image. @throws C1Error REJECT_PATCH_TARGET when it holds none that may be applied */
function patchOf({ key, image }: FamilyRow): PatchImage {
  return parsePatch(patchImage, key, image.action_code, image.proposed_action);
}

/** The patch of a whole request. @throws C1Error REJECT_PATCH_TARGET when it holds none that may be applied */
export function actionOf(request: Pick<AprRequest, 'apr_code' | 'action_code' | 'proposed_action'>): PatchAction {
  return parsePatch(patchAction, request.apr_code, request.action_code, request.proposed_action);
}

function parsePatch<T>(schema: z.ZodMiniType<T>, key: string, code: Json | undefined, action: Json | undefined): T {
  const parsed = schema.safeParse(action);
  if (code === PATCH_ACTION && parsed.success) return parsed.data;
  const wrong = parsed.error?.issues[0];
  throw new C1Error('REJECT_PATCH_TARGET', {
    seen: `${key} asking for ${String(code)}${wrong === undefined ? '' : ` (${wrong.path.join('.')}: ${wrong.message})`}`,
    expected: `a ${PATCH_ACTION} request of the known shape`,
  });
}

function planApply(snapshot: Snapshot, payload: Target, claimant: Claimant): Plan {
  const request = liveRequest(snapshot, payload);
  if (request === null) throw missing(payload);
  assertRequestOfStack(snapshot, request, claimant);
  assertNotOver(request);
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

/** SHA-256 of the file that a request brings. @throws C1Error REJECT_PATCH_TARGET */
export function newContentOf(request: FamilyRow): string {
  return patchOf(request).new_content_base64.replace(/^sha256:/, '');
}

function applied(request: FamilyRow): readonly Delta[] {
  const action = patchOf(request);
  const sha256 = newContentOf(request);
  return [
    delta(requestRef(request), 'update', request.image, { ...request.image, status: 'applied' }),
    deploy(request, action, { version: action.version, sha256 }, 'success'),
  ];
}

function rolledBack(request: FamilyRow): readonly Delta[] {
  const action = patchOf(request);
  return [
    delta(requestRef(request), 'retire', request.image, { ...request.image, status: 'rolled_back' }),
    deploy(request, action, action.replaces, 'restored'),
  ];
}

function deploy(
  { key }: FamilyRow,
  { file_path }: PatchImage,
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
