import type { GrantOrder } from '../grant.ts';
import type { Target } from './apr-request.ts';
import type { DotPlan } from './plan.ts';

/** `--authorize <code>`: the DOT that the grant is for, and the order that it is to be minted from; null for any. */
export type Authorization = { readonly authorize: string; readonly order: GrantOrder | null };
/** What a command line of `dot-apr-execute` v2.3.0 asks for; a patch's is word for word what v2.2.0 has. */
export type Dispatch = Target | Authorization;

export function isAuthorization(payload: Dispatch): payload is Authorization {
  return 'authorize' in payload;
}

/** One plan of two arms: which one is asked, the payload says. Of the patches everything stays as it was. */
export function dispatched(patch: DotPlan<Target>, authorize: DotPlan<Authorization>): DotPlan<Dispatch> {
  return {
    dot: patch.dot,
    subject: (payload, snapshot) =>
      isAuthorization(payload) ? authorize.subject(payload, snapshot) : patch.subject(payload, snapshot),
    scope: (payload) => (isAuthorization(payload) ? authorize.scope(payload) : patch.scope(payload)),
    apply: (snapshot, payload, claimant) =>
      isAuthorization(payload)
        ? authorize.apply(snapshot, payload, claimant)
        : patch.apply(snapshot, payload, claimant),
    retire: (snapshot, payload, claimant) =>
      isAuthorization(payload)
        ? authorize.retire(snapshot, payload, claimant)
        : patch.retire(snapshot, payload, claimant),
  };
}
