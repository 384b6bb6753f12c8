import { LONGEST_TTL_S } from '../../domain/grant.ts';
import { HANDLER_UNBOUND } from '../../domain/handler.ts';
import type { HandlerFixture } from '../../domain/rehearsal.ts';
import { VOTER_LOGINS } from '../roles.ts';
import { OPERATOR } from '../stand-in-keys.ts';
import type { Ballot, Scene } from './scene.ts';
import { CAST } from './stage.ts';

const [ONE, TWO] = VOTER_LOGINS;
const byOne: Ballot = { voter: ONE };
const NAMESPACE = 'DRYRUN-NS:dot:c1:vocab';
const PRODUCTION = 'PROD-NS:dot:c1:vocab';
const BUILD = 'DOT_C1_VOCAB_BUILD';

/** The three that follow one another on one stage; every other fixture stands alone. */
export type InTurn = 'all-good' | 'all-good-again' | 'grant-live';

/** What each fixture puts on the stage: a good request, but for the one thing that is named. */
export const HANDLER_SCENES: Readonly<Record<Exclude<HandlerFixture, InTurn>, Scene>> = {
  'no-request': { asked: false },
  'request-denied': { status: 'denied', votes: [byOne, { voter: TWO, decision: 'deny' }] },
  'request-expired': { age: '8 days' },
  'request-stale': { age: '2 hours' },
  'request-altered': { alteredTo: { ttl_seconds: 60 } },
  'request-altered-and-renamed': { alteredTo: { ttl_seconds: 60 }, renamed: true },
  'request-of-another-action': { actionCode: 'patch_ops_code' },
  'no-vote': { votes: [] },
  'one-denial': { votes: [byOne, { voter: TWO }, { voter: CAST.third, decision: 'deny' }] },
  'votes-expired': { voteAge: '4 days' },
  'vote-moved': { votes: [byOne, { voter: TWO, moved: true }] },
  'proposers-key-votes': { votes: [byOne, { voter: CAST.alias, key: OPERATOR }] },
  'unknown-signer': { votes: [byOne, { voter: TWO, key: CAST.stranger }] },
  'revoked-signer': { revoked: TWO },
  'handler-unbound': { handler: HANDLER_UNBOUND },
  'authorize-another-dot': { authorize: 'DOT_C1_VOCAB_VERIFY' },
  'hash-missing': { asks: { manifest_hash: null } },
  'hash-other': { asks: { manifest_hash: 'a'.repeat(64) } },
  'carrier-c2': { asks: { carrier: 'C2' } },
  'lane-other': { asks: { lane: 'real_run' } },
  'plan-other': { asks: { plan_ref: 'LEGO2-C2-PLAN' } },
  'scope-wider': { asks: { scope: { target: BUILD, namespace: NAMESPACE, also: 'DOT_C1_VOCAB_VERIFY' } } },
  'sovereign-authority': { asks: { requires_sovereign_esign: true } },
  'production-target': { asks: { scope: { target: BUILD, namespace: PRODUCTION } } },
  'real-run': { asks: { mode: 'REAL_RUN' } },
  'grant-generic': { asks: { carrier: '*' } },
  'action-set-other': { asks: { action_set: ['create', 'update'] } },
  'ttl-eight-days': { asks: { ttl_seconds: LONGEST_TTL_S + 24 * 60 * 60 } },
};
