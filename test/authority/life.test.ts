import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failure, failureOf, printed, run } from '../dots/support/rows.ts';
import { EXECUTE, GRANTS, GrantTrial, ORDER, REQUESTS } from './support/grant-trial.ts';
import { spend } from './support/raw.ts';

/** From the request to the grant, and what becomes of both. */
let it: GrantTrial;
beforeAll(async () => {
  it = await GrantTrial.create();
});
afterAll(() => it?.dispose());

/** What W7 and the use of its grant added, as a readback counts it. */
const deltas = () =>
  it.trial.value<unknown>(`select coalesce(s -> 'W7', '{}') || jsonb_build_object('used', coalesce(s -> 'CONSUME', '{}')) as v
    from iu_core.step_deltas() s`);
const LIVE = { apr_requests: 1, governance_build_authorization: 1, dot_ledger: 1 };
const NOTHING = { apr_requests: 0, governance_build_authorization: 0, dot_ledger: 0 };
const UNUSED = { used: {} };
/** The run that used a grant has an entry of its own until its request makes room. */
const WAS_USED = { used: { dot_ledger: 0 } };
const rowsOf = (status: string) =>
  it.trial.value<number>(`select count(*)::int as v from ${GRANTS} where status = $1`, [status]);

const OVER = `granted_at = now() - interval '2 days', expires_at = now() - interval '1 day'`;
const makeOver = (code: string) =>
  it.trial.tamper([GRANTS], `update ${GRANTS} set ${OVER} where request_ref = '${code}'`);

describe('a grant', () => {
  test('is asked for, approved and minted exactly as authority.md says; twice mints once', async () => {
    await it.taken(() => it.ask());
    const code = await it.code();
    expect(code).toMatch(/^APR-C1-GRANT-[0-9a-f]{16}$/);
    expect(await deltas()).toEqual({ apr_requests: 1, dot_ledger: 1, ...UNUSED });
    await it.refused('HOLD_APR_AWAITING_QUORUM', () => it.authorize());
    await it.unchanged(() => it.taken(() => it.ask(), 'NOOP_ALREADY_THERE'));
    await it.approve();
    const dry = printed(await it.authorize('--dry-run'));
    expect([dry.code, dry.message]).toEqual(['OK_PLANNED', expect.stringContaining('would dispatch')]);
    expect(await it.count()).toBe(0);
    await it.taken(() => it.authorize());
    const { granted_at, expires_at, ...row } = await it.grant(code);
    expect(row).toEqual({
      ...{ auth_code: `GBA-C1-${code}`, carrier: 'C1', lane: 'dry_run', plan_ref: 'LEGO1-C1-PLAN', status: 'active' },
      ...{ manifest_hash: ORDER.manifest_hash, action_set: ORDER.action_set, single_use: true, commit_allowed: false },
      ...{ requires_sovereign_esign: false, request_ref: code, consumed_at: null, revoked_at: null },
      scope: { target: 'DOT_C1_VOCAB_BUILD', namespace: 'DRYRUN-NS:dot:c1:vocab' },
      rollback_plan_ref: 'retire-not-delete',
    });
    expect(Date.parse(String(expires_at)) - Date.parse(String(granted_at))).toBe(ORDER.ttl_seconds * 1000);
    expect(Math.abs(Date.now() - Date.parse(String(granted_at)))).toBeLessThan(60_000);
    expect(await it.statusOf(code)).toBe('applied');
    for (const act of [() => it.authorize(), () => it.ask({ owner: 'trial/grant' })])
      await it.unchanged(() => it.taken(act, 'NOOP_ALREADY_THERE'));
    expect(await it.count()).toBe(1);
    expect(await deltas()).toEqual({ ...LIVE, ...UNUSED });
  });

  test('is one: another order beside it is a HOLD, and nothing is asked', async () => {
    const other = { ...ORDER, ttl_seconds: 3600, generation: 2 };
    await it.refused('HOLD_GRANT_LIVE', () => it.ask({ order: other }));
    await it.refused('HOLD_CLAIMED_ELSEWHERE', () => it.ask({ owner: 'other/grant-request' }));
    await it.unchanged(() => it.taken(() => it.retire('other/grant'), 'NOOP_NOT_OURS'));
    expect(await rowsOf('active')).toBe(1);
  });

  test('that is revoked is over; up again is a new request and a new grant', async () => {
    const code = await it.code();
    await it.taken(() => it.retire());
    expect([await it.grantStatus(code), await it.statusOf(code)]).toEqual(['revoked', 'rolled_back']);
    expect((await it.grant(code)).revoked_at).not.toBeNull();
    await it.unchanged(() => it.taken(() => it.retire(), 'NOOP_NOT_OURS'));
    await it.refused('HOLD_APR_MISSING', () => it.authorize());
    await it.taken(() => it.ask());
    const next = await it.code();
    expect(next).not.toBe(code);
    // Votes of the old request are not the new one's.
    await it.refused('HOLD_APR_AWAITING_QUORUM', () => it.authorize());
    await it.approve();
    await it.taken(() => it.authorize());
    expect([await it.count(), await it.grantStatus(next), await it.grantStatus(code)]).toEqual([
      2,
      'active',
      'revoked',
    ]);
  });

  test('that was used stays as it is: the same order is a NOOP, another one needs a new generation', async () => {
    const code = await it.code();
    await spend(it, code);
    // What W7 made stays counted as it was; the use has a count of its own.
    expect(await deltas()).toEqual({ ...LIVE, used: { governance_build_authorization: -1, dot_ledger: 0 } });
    await it.unchanged(() => it.taken(() => it.ask({ owner: 'trial/grant' }), 'NOOP_ALREADY_THERE'));
    await it.unchanged(() => it.taken(() => it.authorize(), 'NOOP_ALREADY_THERE'));
    const held = await it.refused('HOLD_PRESTATE_MOVED', () => it.ask({ order: { ...ORDER, ttl_seconds: 3600 } }));
    expect(held).toContain('c1:grantGeneration');
    await it.taken(() => it.ask({ order: { ...ORDER, generation: 2 } }));
    expect([await it.statusOf(code), await it.grantStatus(code)]).toEqual(['closed', 'consumed']);
    await it.approve();
    await it.taken(() => it.authorize());
    expect([await it.count(), await rowsOf('active')]).toEqual([3, 1]);
    expect(await deltas()).toEqual({ ...LIVE, ...WAS_USED });
  });

  test('past its expiry becomes expired when the next one is minted, and holds nothing up', async () => {
    const code = await it.code();
    await makeOver(code);
    await it.unchanged(() => it.taken(() => it.authorize(), 'NOOP_ALREADY_THERE'));
    await it.taken(() => it.ask({ order: { ...ORDER, generation: 3 } }));
    expect([await it.statusOf(code), await it.grantStatus(code)]).toEqual(['closed', 'active']);
    await it.approve();
    await it.taken(() => it.authorize());
    expect([await it.grantStatus(code), await rowsOf('active')]).toEqual(['expired', 1]);
    expect(await deltas()).toEqual({ ...LIVE, ...WAS_USED });
  });
});

describe('a retire', () => {
  test('revokes a live grant by its own resource only, without quorum', async () => {
    const code = await it.code();
    await it.unchanged(() => it.taken(() => it.retire('trial/somebody'), 'NOOP_NOT_OURS'));
    await it.taken(() => it.retire('trial/grant', ['--dry-run']), 'OK_PLANNED');
    expect(await it.grantStatus(code)).toBe('active');
    await it.taken(() => it.retire());
    expect([await it.grantStatus(code), await it.statusOf(code)]).toEqual(['revoked', 'rolled_back']);
    expect(await deltas()).toEqual({ ...NOTHING, ...WAS_USED });
  });

  test('of a request that nobody acted on withdraws it, votes or none', async () => {
    for (const votes of [false, true]) {
      await it.taken(() => it.ask());
      if (votes) await it.approve();
      const code = await it.code();
      await it.taken(() => it.retire('trial/grant-request'));
      expect(await it.statusOf(code)).toBe('withdrawn');
      expect(await deltas()).toEqual({ ...NOTHING, ...WAS_USED });
      await it.refused('HOLD_APR_MISSING', () => it.authorize());
    }
  });

  test.each([
    ['consumed', (code: string) => spend(it, code)],
    ['expired', makeOver],
  ] as const)('of a grant that is %s closes its request, and the row stays', async (status, end) => {
    const code = await it.minted();
    await end(code);
    await it.taken(() => it.retire());
    expect([await it.statusOf(code), await it.grantStatus(code)]).toEqual(['closed', status]);
    expect(await deltas()).toEqual({ ...NOTHING, ...WAS_USED });
    await it.taken(() => it.retire(), 'NOOP_NOT_OURS');
  });

  test('is no business of the handler, which has no retire of its own', async () => {
    const line = '--cloud --step W7 --for trial/grant --authorize DOT_C1_VOCAB_BUILD --retire'.split(' ');
    expect(failureOf(await it.runtime.bin(EXECUTE, line))).toEqual(failure(64, 'ERROR_USAGE'));
  });
});

describe('another request', () => {
  test('is a HOLD while one is pending; the pending one is the one that is voted on', async () => {
    await it.taken(() => it.ask());
    const code = await it.code();
    await it.refused('HOLD_APR_PENDING', () => it.ask({ order: { ...ORDER, ttl_seconds: 3600 } }));
    expect(await it.code()).toBe(code);
    await it.taken(() => it.retire('trial/grant-request'));
    await it.taken(() => it.ask({ order: { ...ORDER, ttl_seconds: 3600 } }));
    await it.taken(() => it.retire('trial/grant-request'));
  });

  test('after one that expired closes it, counts it, and is another one with votes of its own', async () => {
    await it.taken(() => it.ask());
    const code = await it.code();
    await it.approve();
    await it.trial.tamper(
      [REQUESTS],
      `update ${REQUESTS} set created_at = now() - interval '8 days' where apr_code = '${code}'`,
    );
    await it.refused('HOLD_APR_EXPIRED', () => it.authorize());
    await it.taken(() => it.ask());
    const next = await it.code();
    expect([await it.statusOf(code), next === code]).toEqual(['expired', false]);
    await it.refused('HOLD_APR_AWAITING_QUORUM', () => it.authorize());
    await it.approve();
    await it.taken(() => it.authorize());
    expect((await it.grant(next)).status).toBe('active');
    expect(await deltas()).toEqual({ ...LIVE, ...WAS_USED });
    await it.taken(() => it.retire());
  });

  test('that expired is withdrawn by a retire as any other', async () => {
    await it.taken(() => it.ask());
    const code = await it.code();
    await it.trial.tamper(
      [REQUESTS],
      `update ${REQUESTS} set created_at = now() - interval '8 days' where apr_code = '${code}'`,
    );
    await it.taken(() => it.retire('trial/grant-request'));
    expect(await it.statusOf(code)).toBe('withdrawn');
  });
});

describe('the ownership', () => {
  const TABLE = 'c1.governance_canonical_operation_vocab';
  const state = () =>
    it.trial.value<unknown>(
      `select coalesce(jsonb_agg(to_jsonb(o) - 'assigned_at'), '[]') as v from public.governance_object_ownership o`,
    );
  const row = (status: string) => [{ object: TABLE, owner: 'governance_owner', authority: 'DOT-bound', status }];

  test('is given, taken back and given again; twice is a NOOP, another owner a HOLD', async () => {
    const give = () => run(it.trial, 'ownership', 'create');
    const take = () => run(it.trial, 'ownership', 'retire');
    expect(await state()).toEqual([]);
    for (const _ of [1, 2]) {
      await it.taken(give);
      expect(await state()).toEqual(row('active'));
      await it.unchanged(() => it.taken(give, 'NOOP_ALREADY_THERE'));
      await it.refused('HOLD_PRESTATE_MOVED', () => run(it.trial, 'ownership', 'create', { stdin: OTHER }));
      await it.unchanged(() =>
        it.taken(() => run(it.trial, 'ownership', 'retire', { resource: 'x' }), 'NOOP_NOT_OURS'),
      );
      await it.refused('HOLD_CLAIMED_ELSEWHERE', () => run(it.trial, 'ownership', 'create', { stack: 'other' }));
      await it.taken(take);
      expect(await state()).toEqual(row('retired'));
      await it.unchanged(() => it.taken(take, 'NOOP_NOT_OURS'));
    }
  });

  const OTHER = JSON.stringify({ object: TABLE, owner: 'somebody_else', authority: 'DOT-bound', status: 'active' });
});
