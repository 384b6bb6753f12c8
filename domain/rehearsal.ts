import { digestOf, type Json } from './canonical.ts';
import { C1Error, type Code } from './codes.ts';
import type { Release } from './release.ts';

/**
 * What is rehearsed in a disposable runtime before anything is bound (seed 003, step 3; steps.md, H3 and H6): each fixture
 * with the one code that the handler must answer. What a fixture puts on the stage is in `runtime/rehearsal/`.
 */
export const HANDLER_FIXTURES = {
  // The request and its votes.
  'no-request': 'HOLD_APR_MISSING',
  'request-denied': 'HOLD_APR_MISSING',
  'request-expired': 'HOLD_APR_EXPIRED',
  'request-stale': 'REJECT_AUTH_STALE',
  'request-altered': 'REJECT_APR_ALTERED',
  'request-altered-and-renamed': 'REJECT_APR_ALTERED',
  'request-of-another-action': 'REJECT_APR_ALTERED',
  'no-vote': 'HOLD_APR_AWAITING_QUORUM',
  'one-denial': 'HOLD_APR_AWAITING_QUORUM',
  'votes-expired': 'HOLD_APR_AWAITING_QUORUM',
  'vote-moved': 'REJECT_APR_ALTERED',
  'proposers-key-votes': 'REJECT_SELF_APPROVAL',
  'unknown-signer': 'REJECT_UNKNOWN_SIGNER',
  'revoked-signer': 'REJECT_SIGNER_REVOKED',
  // The handler.
  'handler-unbound': 'HOLD_HANDLER_UNBOUND',
  'authorize-another-dot': 'REJECT_SCOPE_NOT_C1',
  // What is asked for.
  'hash-missing': 'REJECT_GRANT_UNBOUND',
  'hash-other': 'REJECT_MANIFEST_HASH_MISMATCH',
  'carrier-c2': 'REJECT_WRONG_CARRIER',
  'lane-other': 'REJECT_WRONG_LANE',
  'plan-other': 'REJECT_WRONG_PLAN',
  'scope-wider': 'REJECT_SCOPE_NOT_C1',
  'sovereign-authority': 'REJECT_SCOPE_NOT_C1',
  'production-target': 'REJECT_PRODUCTION_TARGET',
  'real-run': 'C1_PROD_REAL_RUN_BLOCKED',
  'grant-generic': 'REJECT_GENERIC_GRANT',
  'action-set-other': 'REJECT_ACTION_SET_MISMATCH',
  'ttl-eight-days': 'REJECT_GRANT_TTL',
  // The same made good, then once more, then another one beside it.
  'all-good': 'OK_APPLIED',
  'all-good-again': 'NOOP_ALREADY_THERE',
  'grant-live': 'HOLD_GRANT_LIVE',
} as const satisfies Readonly<Record<string, Code>>;

/** What H6 walks through: each with what must be answered, and nothing written but by the proposal. */
export const LIFE_FIXTURES = {
  'issue-dry-run': 'OK_PLANNED',
  propose: 'OK_APPLIED',
  'execute-dry-run': 'OK_PLANNED',
} as const satisfies Readonly<Record<string, Code>>;

export const REHEARSALS = { H3: HANDLER_FIXTURES, H6: LIFE_FIXTURES } as const;
export type RehearsedStep = keyof typeof REHEARSALS;
export const REHEARSED_STEPS = ['H3', 'H6'] as const satisfies readonly RehearsedStep[];

export type HandlerFixture = keyof typeof HANDLER_FIXTURES;
export type LifeFixture = keyof typeof LIFE_FIXTURES;

/** How many there are: a list that lost one would pass for a whole one. Changed by hand, with the list. */
export const FIXTURE_COUNTS: Readonly<Record<RehearsedStep, number>> = { H3: 31, H6: 3 };

/** What a rehearsal is asked for: another handler, issuer or list is another request, and so is run again. */
export type RehearsalRequest = { readonly handler: string; readonly issuer: string; readonly fixtures: string };

export const ISSUER_NAME = 'dot-c1-grant-issue';

export function rehearsalRequest(step: RehearsedStep, { handler, staged }: Pick<Release, 'handler' | 'staged'>) {
  const issuer = staged.find(({ file }) => file === ISSUER_NAME)?.sha256 ?? '';
  return { handler: handler.sha256, issuer, fixtures: digestOf(REHEARSALS[step] as Json) } satisfies RehearsalRequest;
}

/**
 * @param ran names of the fixtures that were run to their end
 * @throws C1Error HOLD_REHEARSAL_FAILED when one is missing, be it from the run or from the list
 */
export function assertAllRan(step: RehearsedStep, ran: readonly string[]): void {
  const names = Object.keys(REHEARSALS[step]);
  const missing = names.filter((name) => !ran.includes(name));
  if (missing.length > 0) throw rehearsalFailed(step, `no run of ${missing.join(', ')}`, 'every fixture of the list');
  const [expected, seen] = [FIXTURE_COUNTS[step], new Set(ran).size];
  if (seen !== expected || ran.length !== expected)
    throw rehearsalFailed(step, `${ran.length} fixtures`, `${expected}`);
}

export function rehearsalFailed(what: string, seen: string, expected: string, cause?: unknown): C1Error {
  return new C1Error('HOLD_REHEARSAL_FAILED', { seen: `${what}: ${seen}`, expected }, { cause });
}
