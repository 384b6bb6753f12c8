import { sameJson } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import type { Image, RowRef } from '../deltas.ts';
import { AUTHORIZE_ACTION, AUTHORIZE_HANDLER, HANDLER_UNBOUND } from '../handler.ts';
import type { HandlerBinding } from '../migration.ts';
import { liveClaimOf, rowOf, type Snapshot } from '../snapshot.ts';
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
 * H4: binds the handler of `authorize_build_step`, and unbinds it. The row of the action is there before and after; one
 * column of it changes, from and to the one value each that the seeds name.
 */
export const handlerBind: DotPlan<HandlerBinding> = {
  dot: 'DOT_MIGRATION_APPLY',
  subject,
  scope: (payload) => [subject(payload)],
  apply: (snapshot, payload, claimant) =>
    withLedger('DOT_MIGRATION_APPLY', 'apply', subject(payload), planApply(snapshot, payload, claimant)),
  retire: (snapshot, payload, claimant) =>
    withLedger('DOT_MIGRATION_APPLY', 'retire', subject(payload), planRetire(snapshot, payload, claimant)),
};

function planApply(snapshot: Snapshot, payload: HandlerBinding, claimant: Claimant): Plan {
  assertBinding(payload);
  const ref = subject(payload);
  const claim = liveClaimOf(snapshot, ref);
  if (claim === null)
    return { kind: 'change', deltas: [delta(ref, 'update', unbound(snapshot, ref), bound(snapshot, ref))] };
  assertSameStack(claim.stack, { ref, claimant });
  assertNoDrift(snapshot, ref);
  return claim.resource === claimant.resource
    ? { kind: 'noop', code: 'NOOP_ALREADY_THERE' }
    : { kind: 'takeClaim', refs: [ref] };
}

function planRetire(snapshot: Snapshot, payload: HandlerBinding, claimant: Claimant): Plan {
  assertBinding(payload);
  const ref = subject(payload);
  if (!claims(snapshot, ref, claimant)) return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  assertNoDrift(snapshot, ref);
  const image = imageOf(snapshot, ref);
  return { kind: 'change', deltas: [delta(ref, 'update', image, { ...image, handler_ref: HANDLER_UNBOUND })] };
}

/** @throws C1Error REJECT_NOT_ALLOWED: no other action gets a handler here, and this one no other */
function assertBinding({ action_code, handler_ref }: HandlerBinding): void {
  if (action_code === AUTHORIZE_ACTION && handler_ref === AUTHORIZE_HANDLER) return;
  throw new C1Error('REJECT_NOT_ALLOWED', {
    seen: `a binding of ${action_code} to ${handler_ref}`,
    expected: `${AUTHORIZE_ACTION} to ${AUTHORIZE_HANDLER}, and no other`,
    next: 'npx c1 runtime start, which brings the migrations of this program again',
  });
}

/** @throws C1Error HOLD_DRIFT when a handler is bound that no run of ours bound */
function unbound(snapshot: Snapshot, ref: RowRef): Image {
  const image = imageOf(snapshot, ref);
  if (sameJson(image.handler_ref ?? null, HANDLER_UNBOUND)) return image;
  throw new C1Error('HOLD_DRIFT', {
    seen: `${ref.surface}/${ref.key} with handler_ref ${JSON.stringify(image.handler_ref)}, which no DOT of ours bound`,
    expected: `handler_ref ${JSON.stringify(HANDLER_UNBOUND)}`,
  });
}

function bound(snapshot: Snapshot, ref: RowRef): Image {
  return { ...imageOf(snapshot, ref), handler_ref: AUTHORIZE_HANDLER };
}

function imageOf(snapshot: Snapshot, ref: RowRef): Image {
  const image = rowOf(snapshot, ref)?.image;
  if (image !== undefined) return image;
  throw new C1Error('HOLD_PRESTATE_MOVED', {
    seen: `no row ${ref.surface}/${ref.key}`,
    expected: 'the action, which no DOT of this step makes',
    next: 'ask the owner of the action types to bring the row back',
  });
}

function subject({ action_code }: HandlerBinding): RowRef {
  return { surface: 'apr_action_types', key: action_code };
}
