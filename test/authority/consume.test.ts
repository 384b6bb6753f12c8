import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Delta } from '../../domain/deltas.ts';
import { grantIssue } from '../../domain/plans/grant-issue.ts';
import { withLedger } from '../../domain/plans/plan.ts';
import { rowCalls } from '../../dots/kernel/gateway.ts';
import { readSnapshot } from '../../dots/kernel/run.ts';
import { codeOf, failure, failureOf, heldAt, printed } from '../dots/support/rows.ts';
import { renewEvidence } from '../executor/support/c1-runtime.ts';
import { altered, EVIDENCE, OWNER, REVIEW } from '../executor/support/signers.ts';
import { as } from '../runtime/guards/support/attempt.ts';
import { GRANTS, type GrantTrial, ORDER, REQUESTS } from './support/grant-trial.ts';
import { byHand, CONSUME, callWith, consumeDeltas } from './support/raw.ts';
import { createVerifierTrial, VERIFIER, type VerifierTrial } from './support/verifier.ts';

/** The one use of a grant, and everything that keeps it from being used. */
let at: VerifierTrial;
let it: GrantTrial;
let code: string;
let deltas: readonly Delta[];
beforeAll(async () => {
  at = await createVerifierTrial();
  ({ it, code } = at);
  deltas = await consumeDeltas(it, code);
});
afterAll(() => at?.dispose());

const hand = (
  change: Partial<Parameters<typeof byHand>[2]> = {},
  dot: Parameters<typeof byHand>[1] = 'DOT_C1_VOCAB_VERIFY',
) => byHand(it, dot, { ...CONSUME, deltas, ...change });
const good = async () => {
  expect(await hand()).toBe('applied');
  expect((await at.verify()).exitCode).toBe(0);
  expect(await it.grantStatus(code)).toBe('active');
};

describe('without both authorizations nothing is used', () => {
  const signed: VerifierTrial['signers']['signed'] = (...words) => at.signers.signed(...words);
  test.each<readonly [string, () => unknown]>([
    ['none', () => undefined],
    ['an empty list', () => []],
    ['the reviewer alone', () => [signed(REVIEW)]],
    ['the owner alone', () => [signed(OWNER)]],
    ['the reviewer twice', () => [signed(REVIEW), signed(REVIEW)]],
    ['one key under two names', () => [signed(REVIEW), signed({ ...OWNER, signer: 'reviewer_twin' })]],
    ['an owner that is over', () => [signed(REVIEW), signed({ ...OWNER, expires_at: '2020-01-01T00:00:00Z' })]],
    ['two evidences', () => [signed(REVIEW), signed({ ...OWNER, evidence_digest: 'f'.repeat(64) })]],
    [
      'two over other evidence',
      () => [REVIEW, OWNER].map((one) => signed({ ...one, evidence_digest: 'f'.repeat(64) })),
    ],
    ['two for another stack', () => [signed({ ...REVIEW, stack: 'other' }), signed({ ...OWNER, stack: 'other' })]],
    ['an altered statement', () => [signed(REVIEW), altered(signed(OWNER), { stack: 'other' })]],
    ['signatures for approvals', () => [signed(REVIEW), signed(OWNER, { namespace: 'c1-apr' })]],
    [
      'an owner who votes on requests',
      () => [signed(REVIEW), { ...signed(OWNER), statement: { ...signed(OWNER).statement, signer: 'voter_owner_1' } }],
    ],
    ['a third one', () => [...at.authorized(), signed(OWNER)]],
    ['a text', () => 'yes'],
  ])('%s', async (_, given) => {
    const authorizations = given();
    await it.refused('HOLD_DRYRUN_NOT_AUTHORIZED', () =>
      authorizations === undefined
        ? it.runtime.bin(VERIFIER, ['--cloud', '--manifest', at.manifest, '--consume'], { stdin: '{}' })
        : at.consume(authorizations),
    );
    await good();
  });

  test('nor by what was signed over evidence that is older than the grant: it was for another one', async () => {
    await it.whileSo(GRANTS, 'granted_at = now()', `request_ref = '${code}'`, async () => {
      await it.refused('HOLD_DRYRUN_NOT_AUTHORIZED', () => at.consume());
    });
    await good();
  });

  test('nor by a command line that asks for something else as well', async () => {
    for (const words of [
      ['--consume'],
      ['--consume', '--explain'],
      ['--consume', '--manifest', at.manifest, '--retire'],
    ])
      expect(failureOf(await it.runtime.bin(VERIFIER, ['--cloud', ...words]))).toEqual(failure(64, 'ERROR_USAGE'));
    await good();
  });
});

describe('a grant in another state is neither verified nor used', () => {
  const CONTENT: readonly (readonly [change: string, verify: string, consume: string | null])[] = [
    [`status = 'revoked', revoked_at = now()`, 'REJECT_AUTH_REVOKED', 'REJECT_AUTH_REVOKED'],
    [`status = 'expired'`, 'REJECT_AUTH_EXPIRED', 'REJECT_AUTH_EXPIRED'],
    [`status = 'consumed', consumed_at = now()`, 'REJECT_AUTH_ALREADY_CONSUMED', 'REJECT_AUTH_ALREADY_CONSUMED'],
    [`expires_at = granted_at + interval '1 microsecond'`, 'REJECT_AUTH_EXPIRED', 'REJECT_AUTH_EXPIRED'],
    [`granted_at = now() + interval '1 hour'`, 'REJECT_AUTH_NOT_ACTIVE', 'REJECT_AUTH_NOT_ACTIVE'],
    [`manifest_hash = repeat('a', 64)`, 'REJECT_MANIFEST_HASH_MISMATCH', 'REJECT_MANIFEST_HASH_MISMATCH'],
    // What a grant says besides its hash the verifier looks at before.
    [`carrier = 'C2'`, 'REJECT_WRONG_CARRIER', null],
    [`carrier = '*'`, 'REJECT_GENERIC_GRANT', null],
    [`lane = 'real_run'`, 'REJECT_WRONG_LANE', null],
    [`plan_ref = 'LEGO2'`, 'REJECT_WRONG_PLAN', null],
    [`action_set = array['birth_record']`, 'REJECT_ACTION_SET_MISMATCH', null],
    [`scope = scope || '{"target":"DOT_C4_BUILD"}'`, 'REJECT_SCOPE_NOT_C1', null],
    [`scope = scope || '{"namespace":"production"}'`, 'REJECT_PRODUCTION_TARGET', null],
    ['commit_allowed = true', 'REJECT_SCOPE_NOT_C1', null],
    ['single_use = false', 'REJECT_GENERIC_GRANT', null],
    [`expires_at = granted_at + interval '8 days'`, 'REJECT_GENERIC_GRANT', null],
    [`rollback_plan_ref = 'delete'`, 'REJECT_ROLLBACK_DELETE', null],
  ];

  test.each(CONTENT)('%s', async (change, verified, consumed) => {
    await it.whileSo(GRANTS, change, `request_ref = '${code}'`, async () => {
      await it.refused(verified, () => at.verify());
      await it.refused(verified, () => at.consume());
      if (consumed !== null) expect(await hand()).toBe(consumed);
    });
    await good();
  });

  test('nor one whose request is older than the manifest, or whose quorum is gone', async () => {
    const old = `created_at = (select min(installed_at) from iu_core.install) - interval '1 minute'`;
    await it.whileSo(REQUESTS, old, `apr_code = '${code}'`, async () => {
      await it.refused('REJECT_AUTH_STALE', () => at.consume());
    });
    await it.whileSo('public.apr_approvals', `decision = 'deny'`, `apr_code = '${code}'`, async () => {
      await it.refused('REJECT_NO_QUORUM', () => at.consume());
    });
    await it.whileSo('public.governance_object_ownership', `status = 'retired'`, 'true', async () => {
      await it.refused('REJECT_OWNERSHIP_MISSING', () => at.consume());
    });
    await good();
  });

  test('nor one that a clock which was set back brings back', async () => {
    const last = `applied_seq = (select max(applied_seq) from iu_core.dot_run)`;
    await it.whileSo('iu_core.dot_run', `applied_at = now() + interval '1 hour'`, last, async () => {
      await it.refused('HOLD_CLOCK_BEHIND', () => at.consume());
      expect(await hand()).toBe('HOLD_CLOCK_BEHIND');
    });
    await good();
  });

  test('nor any with the gates open, or the manifest another one since', async () => {
    await it.whileSo('public.dot_runtime_gate', 'execute_enabled = true', 'true', async () => {
      await it.refused('C1_PROD_REAL_RUN_BLOCKED', () => at.consume());
      expect(await hand()).toBe('C1_PROD_REAL_RUN_BLOCKED');
    });
    await it.whileSo('public.apr_action_types', `status = 'inactive'`, `action_code = 'birth_record'`, async () => {
      await it.refused('REJECT_ACTION_SET_MISMATCH', () => at.consume());
      expect(await hand()).toBe('REJECT_MANIFEST_HASH_MISMATCH');
    });
    await good();
  });
});

describe('by hand', () => {
  const GRANT = 'governance_build_authorization';
  test('it is the verifier that uses, the issuer that revokes, and each by its own kind of run', async () => {
    const revoked = deltas.map((one) =>
      one.surface === GRANT ? { ...one, after: { ...one.after, status: 'revoked' } } : one,
    ) as readonly Delta[];
    expect(await hand({ kind: 'step' }, 'DOT_C1_GRANT_ISSUE')).toBe('REJECT_NOT_ALLOWED');
    expect(await hand({ kind: 'consume' }, 'DOT_C1_GRANT_ISSUE')).toBe('REJECT_NOT_ALLOWED');
    expect(await hand({ kind: 'step' })).toBe('REJECT_NOT_ALLOWED');
    expect(await hand({ deltas: revoked })).toBe('REJECT_NOT_ALLOWED');
    expect(await hand({ deltas: revoked, kind: 'step' })).toBe('REJECT_NOT_ALLOWED');
    expect(await hand({ login: 'dot_310' })).toBe('REJECT_NOT_ALLOWED');
    await good();
  });

  test('a revocation is no use, which needs no approved plan, and leaves no applied request behind', async () => {
    const [grant] = deltas.filter(({ surface }) => surface === GRANT);
    const [request] = await revocation();
    if (grant === undefined || request === undefined) throw new Error('nothing to revoke');
    const revoked = { ...grant, after: { ...grant.after, status: 'revoked' } };
    const run = (kind: string, rows: readonly Delta[], about: Delta = grant) => {
      const plan = withLedger('DOT_C1_GRANT_ISSUE', 'retire', about, { kind: 'change', deltas: rows });
      return hand({ kind, deltas: plan.kind === 'change' ? plan.deltas : [] }, 'DOT_C1_GRANT_ISSUE');
    };
    expect(await run('consume', [revoked])).toBe('REJECT_NOT_ALLOWED');
    expect(await run('step', [revoked])).toBe('REJECT_NOT_ALLOWED');
    expect(await run('step', [revoked, request])).toBe('applied');
    // Neither is it called over before its time, nor its request closed beside it.
    const status = (one: Delta, to: string) => ({ ...one, after: { ...one.after, status: to } });
    const stays = 'HOLD_PRESTATE_MOVED';
    expect(await run('step', [status(grant, 'expired')])).toBe(stays);
    expect(await run('step', [status(grant, 'expired'), status(request, 'closed')])).toBe(stays);
    for (const closed of ['closed', 'rolled_back', 'withdrawn', 'expired', 'denied'])
      expect([closed, await run('step', [status(request, closed)], request)]).not.toEqual([closed, 'applied']);
    expect(await run('step', [status(request, 'closed')], request)).toBe(stays);
    expect(await run('step', [status(request, 'rolled_back')], request)).toBe(stays);
    await good();
  });

  /** What the issuer's retire makes of the request. */
  function revocation(): Promise<readonly Delta[]> {
    return as(it.runtime, 'dot_c1_grant_issue', async (client) => {
      const snapshot = await readSnapshot(client as unknown as Client, grantIssue.scope(null));
      const plan = grantIssue.retire(snapshot, null, { stack: 'trial', resource: 'grant' });
      return plan.kind === 'change' ? plan.deltas.filter(({ surface }) => surface === 'apr_requests') : [];
    });
  }

  test('a kind without approval is for a grant alone, and a use for the resource that has it', async () => {
    const request = deltas.map((one) =>
      one.surface === GRANT ? { ...one, surface: 'apr_requests' } : one,
    ) as readonly Delta[];
    expect(await hand({ deltas: request, subject: `apr_requests/GBA-C1-${code}` })).toBe('REJECT_NOT_ALLOWED');
    expect(await hand({ resource: 'somebody' })).toBe('HOLD_CLAIMED_ELSEWHERE');
    expect(await hand({ stack: 'other' })).toBe('HOLD_CLAIMED_ELSEWHERE');
    expect(await hand({ direction: 'apply' })).toBe('REJECT_NOT_ALLOWED');
    expect(await hand({ calls: callWith(deltas, GRANT, { manifest_hash: null }) })).toBe(
      'REJECT_MANIFEST_HASH_MISMATCH',
    );
    expect(await hand({ calls: callWith(deltas, GRANT, { auth_code: 'GBA-C1-OTHER' }) })).toBe('REJECT_NO_GRANT');
    expect(await hand({ calls: [] })).toBe('HOLD_PRESTATE_MOVED');
    expect(await hand({ calls: [...rowCalls(deltas), ...rowCalls(deltas)] })).toBe('REJECT_AUTH_ALREADY_CONSUMED');
    await good();
  });
});

describe('with both', () => {
  test('a verifier that was killed before its commit used nothing; after it, the status of its request tells', async () => {
    const call = [
      VERIFIER,
      ['--cloud', '--manifest', at.manifest, '--consume'],
      JSON.stringify({ authorizations: at.authorized() }),
    ] as const;
    const before = await it.trial.fingerprint({ intents: false });
    const lost = await heldAt(it.trial, call, /^commit$/, 'before');
    // The first commit ends its reading; the next one is the use.
    lost.stop.cancel();
    lost.kill('SIGKILL');
    await lost.ended;
    lost.stop.cut();
    const early = await heldAt(it.trial, call, /close_run/, 'before');
    early.kill('SIGKILL');
    await early.ended;
    early.stop.cut();
    expect(await it.trial.fingerprint({ intents: false })).toBe(before);
    await good();
    const late = await heldAt(it.trial, call, /close_run/, 'after');
    const commit = it.trial.proxy.stopAt(/^commit$/, 'after');
    late.stop.release();
    await commit.reached;
    commit.cut();
    const answer = await late.ended;
    expect(failureOf(answer)).toEqual(failure(3, 'HOLD_OUTCOME_UNKNOWN'));
    const [, id] = /--status ([0-9a-f]{64})/.exec(answer.stderr) ?? [];
    const status = printed(await it.runtime.bin(VERIFIER, ['--cloud', '--status', id ?? '']));
    expect(status.readback).toMatchObject({ outcome: 'applied' });
    expect(await it.grantStatus(code)).toBe('consumed');
  });

  test('it is used once: again is REJECT_AUTH_ALREADY_CONSUMED, to verify as well, and its row says when', async () => {
    await it.refused('REJECT_AUTH_ALREADY_CONSUMED', () => at.consume());
    await it.refused('REJECT_AUTH_ALREADY_CONSUMED', () => at.verify());
    expect((await it.grant(code)).consumed_at).not.toBeNull();
    await it.unchanged(() => it.taken(() => it.authorize(), 'NOOP_ALREADY_THERE'));
  });

  test('the next grant is used as the first one was, and says what it was used for', async () => {
    await it.taken(() => it.ask({ order: { ...ORDER, generation: 2 } }));
    await it.approve();
    await it.taken(() => it.authorize());
    const next = await it.code();
    // What was signed for the grant before it is as good as it was, over evidence that knows nothing of this one.
    await it.refused('HOLD_DRYRUN_NOT_AUTHORIZED', () => at.consume());
    await renewEvidence(it.trial, 'trial', EVIDENCE);
    const answer = await at.consume();
    expect([answer.stderr, codeOf(answer)]).toEqual([answer.stderr, 'OK_APPLIED']);
    expect(printed(answer)).toMatchObject({
      mode: 'real',
      readback: { auth_code: `GBA-C1-${next}`, manifest_hash: ORDER.manifest_hash, rows: expect.any(Number) },
    });
    expect([await it.grantStatus(next), await it.statusOf(next)]).toEqual(['consumed', 'applied']);
  });
});
