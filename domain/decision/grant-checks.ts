import { sameJson } from '../canonical.ts';
import { actionSetOf, MANIFEST_CARRIER, MANIFEST_LANE, MANIFEST_NAMESPACE, MANIFEST_PLAN } from '../manifest.ts';
import { C1_TABLE } from '../objects.ts';
import { type Case, type Check, isOpen, type Refusal, refusal, shown } from './check.ts';
import { namespaceFault } from './request-checks.ts';
import type { Grant } from './shapes.ts';

/** What a grant of C1 looks like (authority.md, "The minted row"). */
export const GRANT_TARGET = 'DOT_C1_VOCAB_BUILD';
export const GRANT_ROLLBACK_PLAN = 'retire-not-delete';
export const OWNERSHIP_AUTHORITY = 'DOT-bound';
export const LONGEST_GRANT_MS = 7 * 24 * 60 * 60 * 1000;

export function authCodeOf(aprCode: string): string {
  return `GBA-C1-${aprCode}`;
}

/**
 * The grant, then who stands behind it. First what it says, which never changes; then what became of it; then whether it
 * still fits the manifest.
 */
export const GRANT_CHECKS: readonly Check[] = [
  ({ grant }) => (grant === null ? refusal('REJECT_NO_GRANT', 'no grant', 'one live grant of C1') : null),
  ...saying(),
  granted(isUnused),
  granted(isInTime),
  granted(isFresh),
  ...fitting(),
  hasQuorum,
  isOwned,
];

/** What can be said of a grant before anybody voted: used where one is asked for, and again where it is minted. */
export const GRANT_CONTENT_CHECKS: readonly Check[] = [...saying(), ...fitting()];

/** What it says of itself. */
function saying(): readonly Check[] {
  return [
    granted(isBound),
    granted(isSpecific),
    granted(({ carrier }) => differs('REJECT_WRONG_CARRIER', 'carrier', carrier, MANIFEST_CARRIER)),
    granted(({ lane }) => differs('REJECT_WRONG_LANE', 'lane', lane, MANIFEST_LANE)),
    granted(({ plan_ref }) => differs('REJECT_WRONG_PLAN', 'plan_ref', plan_ref, MANIFEST_PLAN)),
    granted(isOfScope),
    granted(({ rollback_plan_ref }) =>
      differs('REJECT_ROLLBACK_DELETE', 'rollback_plan_ref', rollback_plan_ref, GRANT_ROLLBACK_PLAN),
    ),
  ];
}

/** Whether it is of the manifest as it is now. */
function fitting(): readonly Check[] {
  return [granted(hasActionSet), granted(fitsManifest)];
}

function granted(check: (grant: Grant, of: Case) => Refusal | null): Check {
  return (of) => (of.grant === null ? null : check(of.grant, of));
}

type Difference = 'REJECT_WRONG_CARRIER' | 'REJECT_WRONG_LANE' | 'REJECT_WRONG_PLAN' | 'REJECT_ROLLBACK_DELETE';

function differs(code: Difference, what: string, seen: string | null, expected: string): Refusal | null {
  return seen === expected ? null : refusal(code, `${what} of the grant ${shown(seen)}`, expected);
}

function isBound({ manifest_hash }: Grant): Refusal | null {
  if (manifest_hash !== null && /^[0-9a-f]{64}$/.test(manifest_hash)) return null;
  return refusal('REJECT_GRANT_UNBOUND', `manifest_hash of the grant ${shown(manifest_hash)}`, 'a SHA-256 in hex');
}

/** A grant that leaves something open could be used for something else, again, or for ever. */
function isSpecific(grant: Grant): Refusal | null {
  const { carrier, lane, plan_ref, action_set, scope, request_ref } = grant;
  const open = Object.entries({ carrier, lane, plan_ref, request_ref, ...namesOf(scope) }).find(([, name]) =>
    isOpen(name),
  );
  if (open !== undefined) return generic(`${open[0]} ${shown(open[1])}`, 'a grant that leaves nothing open');
  if (action_set === null || action_set.length === 0 || action_set.some(isOpen)) {
    return generic(`action_set ${shown(action_set)}`, 'the operation codes of the manifest');
  }
  if (!grant.single_use) return generic('single_use=false', 'single_use=true');
  if (grant.auth_code !== authCodeOf(request_ref ?? '')) {
    return generic(`auth_code ${shown(grant.auth_code)} for request ${shown(request_ref)}`, authCodeOf('<request>'));
  }
  const lives = Date.parse(grant.expires_at) - Date.parse(grant.granted_at);
  return lives <= LONGEST_GRANT_MS ? null : generic(`a grant of ${lives} ms`, `at most ${LONGEST_GRANT_MS} ms`);
}

function namesOf(scope: Grant['scope']): Readonly<Record<string, string | null>> {
  const name = (key: string) => (typeof scope?.[key] === 'string' ? scope[key] : null);
  return { 'scope.target': name('target'), 'scope.namespace': name('namespace') };
}

function generic(seen: string, expected: string): Refusal {
  return refusal('REJECT_GENERIC_GRANT', seen, expected);
}

/** Exactly the C1 dry run: nothing beside it, no commit, no sovereign authority. */
function isOfScope({ scope, commit_allowed, requires_sovereign_esign }: Grant): Refusal | null {
  const namespace = scope?.namespace;
  const fault = typeof namespace === 'string' ? namespaceFault('scope.namespace of the grant', namespace) : null;
  if (fault !== null) return fault;
  const expected = { target: GRANT_TARGET, namespace: MANIFEST_NAMESPACE };
  const isExact = scope !== null && sameJson(scope, expected);
  if (isExact && !commit_allowed && !requires_sovereign_esign) return null;
  const seen = `scope ${shown(scope)}, commit_allowed=${commit_allowed}, requires_sovereign_esign=${requires_sovereign_esign}`;
  return refusal('REJECT_SCOPE_NOT_C1', seen, `scope ${shown(expected)}, both false`);
}

function isUnused({ auth_code, status, consumed_at, revoked_at }: Grant): Refusal | null {
  const seen = `grant ${shown(auth_code)} with status ${shown(status)}`;
  if (status === 'consumed' || consumed_at !== null) {
    return refusal('REJECT_AUTH_ALREADY_CONSUMED', `${seen}, consumed`, 'a grant that was never used');
  }
  if (status === 'revoked' || revoked_at !== null) {
    return refusal('REJECT_AUTH_REVOKED', `${seen}, revoked`, 'a grant that was not revoked');
  }
  if (status === 'expired') return refusal('REJECT_AUTH_EXPIRED', seen, 'an active grant');
  return status === 'active' ? null : refusal('REJECT_AUTH_NOT_ACTIVE', seen, 'status active');
}

/** As the consuming statement does: at its expiry a grant is over. */
function isInTime({ granted_at, expires_at }: Grant, { gates: { now } }: Case): Refusal | null {
  if (Date.parse(granted_at) > Date.parse(now)) {
    return refusal('REJECT_AUTH_NOT_ACTIVE', `a grant of ${granted_at}`, `one given before ${now}`);
  }
  if (Date.parse(expires_at) > Date.parse(now)) return null;
  return refusal('REJECT_AUTH_EXPIRED', `a grant until ${expires_at}`, `one that is good at ${now}`);
}

/** Whoever voted saw the manifest of that time: a newer one is not what they agreed to, even with the same hash. */
function isFresh({ granted_at }: Grant, { facts: { proposed_at }, manifest }: Case): Refusal | null {
  const since = Date.parse(manifest?.since ?? '');
  const asked = Math.min(Date.parse(granted_at), Date.parse(proposed_at ?? granted_at));
  if (asked >= since) return null;
  return refusal(
    'REJECT_AUTH_STALE',
    `a grant of ${granted_at} that was proposed ${proposed_at ?? 'never'}`,
    `one proposed after ${manifest?.since ?? 'the manifest'}, when the manifest became what it is`,
  );
}

function hasActionSet({ action_set }: Grant, { manifest }: Case): Refusal | null {
  const expected = actionSetOf(manifest?.manifest.operations ?? []);
  if (action_set !== null && sameJson(action_set, expected)) return null;
  return refusal('REJECT_ACTION_SET_MISMATCH', `action_set of the grant ${shown(action_set)}`, shown(expected));
}

function fitsManifest({ manifest_hash }: Grant, { manifest }: Case): Refusal | null {
  if (manifest !== null && manifest_hash === manifest.hash) return null;
  const seen = `manifest_hash of the grant ${shown(manifest_hash)}`;
  return refusal('REJECT_MANIFEST_HASH_MISMATCH', seen, shown(manifest?.hash));
}

function hasQuorum({ facts: { quorum, proposed_at }, grant }: Case): Refusal | null {
  if (quorum && proposed_at !== null) return null;
  const seen = `request ${shown(grant?.request_ref)} without quorum`;
  return refusal('REJECT_NO_QUORUM', seen, 'a request with the votes that its risk class needs');
}

function isOwned({ facts: { ownership } }: Case): Refusal | null {
  const { object, owner, authority, status } = ownership ?? {};
  const isLive = object === C1_TABLE && authority === OWNERSHIP_AUTHORITY && status === 'active';
  if (isLive && !isOpen(owner)) return null;
  return refusal('REJECT_OWNERSHIP_MISSING', `ownership ${shown(ownership)}`, `an active owner of ${C1_TABLE}`);
}
