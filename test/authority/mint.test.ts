import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Delta } from '../../domain/deltas.ts';
import { authorizeArgs, CLAIMS, GRANTS, GrantTrial, ORDER, REQUESTS } from './support/grant-trial.ts';
import { byHand, callWith, mintDeltas } from './support/raw.ts';

/** Ways to a grant that nobody approved: rows that a superuser altered, and calls of the gateway by hand. */
let it: GrantTrial;
let code: string;
let mint: readonly Delta[];
beforeAll(async () => {
  it = await GrantTrial.create();
  code = await it.approved();
  mint = await mintDeltas(it);
});
afterEach(async () => expect(await it.count()).toBe(0));
afterAll(() => it?.dispose());

/** The change of what was proposed, as somebody makes it who is past the guards: row and claim agree. */
async function whileAltered(change: object, work: () => Promise<void>): Promise<void> {
  const json = (column: string) => `${column} = ${column} || $j$${JSON.stringify(change)}$j$::jsonb`;
  const claimed = `image = jsonb_set(image, '{proposed_action}', image -> 'proposed_action' || $j$${JSON.stringify(change)}$j$::jsonb)`;
  await it.whileSo(REQUESTS, json('proposed_action'), `apr_code = '${code}'`, () =>
    it.whileSo(CLAIMS, claimed, `key = '${code}' and surface = 'apr_requests'`, work),
  );
}

const handMint = (change: Partial<Parameters<typeof byHand>[2]> = {}) =>
  byHand(it, 'DOT-310', { deltas: mint, subject: `apr_requests/${code}`, ...change });
const good = async () => {
  expect(await handMint()).toBe('applied');
  await it.unchanged(() => it.taken(() => it.authorize('--dry-run'), 'OK_PLANNED'));
};

describe('a request that somebody altered after it was signed', () => {
  const [, ...others] = ORDER.action_set;
  test.each([
    ['carrier', { carrier: 'C2' }, 'REJECT_WRONG_CARRIER'],
    ['lane', { lane: 'production' }, 'REJECT_WRONG_LANE'],
    ['plan', { plan_ref: 'LEGO2' }, 'REJECT_WRONG_PLAN'],
    ['hash', { manifest_hash: 'a'.repeat(64) }, 'REJECT_MANIFEST_HASH_MISMATCH'],
    ['no hash', { manifest_hash: null }, 'REJECT_GRANT_UNBOUND'],
    ['capitals', { manifest_hash: 'A'.repeat(64) }, 'REJECT_GRANT_UNBOUND'],
    ['operations', { action_set: others }, 'REJECT_ACTION_SET_MISMATCH'],
    ['target', { scope: { ...ORDER.scope, target: 'DOT_C3_BUILD' } }, 'REJECT_SCOPE_NOT_C1'],
    ['namespace', { scope: { ...ORDER.scope, namespace: 'production' } }, 'REJECT_PRODUCTION_TARGET'],
    ['commit', { commit_allowed: true }, 'REJECT_SCOPE_NOT_C1'],
    ['uses', { single_use: false }, 'REJECT_GENERIC_GRANT'],
    ['rollback', { rollback_plan_ref: 'delete' }, 'REJECT_ROLLBACK_DELETE'],
    ['mode', { mode: 'REAL_RUN' }, 'C1_PROD_REAL_RUN_BLOCKED'],
    ['8 days', { ttl_seconds: 691_200 }, 'REJECT_GRANT_TTL'],
    ['another life', { ttl_seconds: 3600 }, 'REJECT_APR_ALTERED'],
    ['another owner', { owner: 'somebody_else' }, 'REJECT_APR_ALTERED'],
    ['another generation', { generation: 9 }, 'REJECT_APR_ALTERED'],
  ])('mints nothing, by the bin or by hand: %s', async (_, change, refusal) => {
    await whileAltered(change, async () => {
      await it.refused(refusal, () => it.authorize());
      expect(await handMint()).toBe(refusal);
    });
    await good();
  });

  test('is seen even where the claim is as it was: the bin stops, and so does the gateway', async () => {
    const change = `proposed_action = proposed_action || '{"ttl_seconds":3600}'`;
    await it.whileSo(REQUESTS, change, `apr_code = '${code}'`, async () => {
      await it.refused('HOLD_DRIFT', () => it.authorize());
      expect(await handMint()).toBe('REJECT_APR_ALTERED');
    });
    await good();
  });

  test.each([
    ['another proposer', `proposer = 'voter_owner_1'`, 'REJECT_UNKNOWN_SIGNER'],
    ['another risk', `risk_class = 'low'`, 'HOLD_DRIFT'],
    ['another type', `request_type = 'x'`, 'HOLD_DRIFT'],
    ['no SSH signature', `proposer_signature = 'x'`, 'REJECT_UNKNOWN_SIGNER'],
  ])('in what is around it: %s', async (_, change, refusal) => {
    await it.whileSo(REQUESTS, change, `apr_code = '${code}'`, async () => {
      await it.refused(refusal, () => it.authorize());
    });
    await good();
  });
});

describe('the state of the runtime', () => {
  const ACTIONS = 'public.apr_action_types';
  const PREVIEWED: ReadonlySet<string> = new Set([
    'HOLD_HANDLER_UNBOUND',
    'REJECT_ACTION_SET_MISMATCH',
    'HOLD_APR_EXPIRED',
  ]);
  test.each([
    [
      'a handler that is not bound',
      ACTIONS,
      `handler_ref = 'unimplemented'`,
      `action_code = 'authorize_build_step'`,
      'HOLD_HANDLER_UNBOUND',
    ],
    [
      'another handler',
      ACTIONS,
      `handler_ref = 'dot-x:y'`,
      `action_code = 'authorize_build_step'`,
      'HOLD_HANDLER_UNBOUND',
    ],
    [
      'a canonical operation less',
      ACTIONS,
      `status = 'inactive'`,
      `action_code = 'birth_record'`,
      'REJECT_ACTION_SET_MISMATCH',
    ],
    ['open gates', 'public.dot_runtime_gate', 'real_run_enabled = true', 'true', 'C1_PROD_REAL_RUN_BLOCKED'],
    [
      'a request that is older than the manifest',
      REQUESTS,
      `created_at = (select min(installed_at) from iu_core.install) - interval '1 minute'`,
      null,
      'REJECT_AUTH_STALE',
    ],
    ['a request of 8 days ago', REQUESTS, `created_at = now() - interval '8 days'`, null, 'HOLD_APR_EXPIRED'],
    [
      'a vote of 4 days ago',
      'public.apr_approvals',
      `at = now() - interval '4 days'`,
      `voter = 'voter_owner_1'`,
      'HOLD_APR_AWAITING_QUORUM',
    ],
    [
      'a vote of tomorrow',
      'public.apr_approvals',
      `at = now() + interval '1 day'`,
      `voter = 'voter_owner_1'`,
      'HOLD_APR_AWAITING_QUORUM',
    ],
  ] as const)('stops it: %s', async (_, table, change, where, refusal) => {
    await it.whileSo(table, change, where ?? `apr_code = '${code}'`, async () => {
      await it.refused(refusal, () => it.authorize());
      expect(await handMint()).toBe(refusal);
      // What rows alone tell a preview says as well, before anything is asked of the gateway.
      if (PREVIEWED.has(refusal)) await it.refused(refusal, () => it.authorize('--dry-run'));
    });
    await good();
  });

  test('stops it: a clock that was set back, by which all that is over would count again', async () => {
    const last = `applied_seq = (select max(applied_seq) from iu_core.dot_run)`;
    await it.whileSo('iu_core.dot_run', `applied_at = now() + interval '1 hour'`, last, async () => {
      await it.refused('HOLD_CLOCK_BEHIND', () => it.authorize());
      expect(await handMint()).toBe('HOLD_CLOCK_BEHIND');
    });
    await good();
  });

  test('stops it: an order on standard input that is not the one that was approved', async () => {
    for (const more of [{ generation: 2 }, { ttl_seconds: 3600 }]) {
      const order = { ...ORDER, ...more };
      for (const flags of [[], ['--dry-run']])
        await it.refused('HOLD_APR_PENDING', () =>
          it.runtime.bin('dot-apr-execute', authorizeArgs(...flags), { stdin: order }),
        );
    }
    await it.unchanged(async () => {
      const same = await it.runtime.bin('dot-apr-execute', authorizeArgs('--dry-run'), { stdin: ORDER });
      expect(same.exitCode).toBe(0);
    });
    await good();
  });

  test('of votes that are not there: nobody, one alone', async () => {
    for (const voters of [`'voter_owner_1'`, `'voter_owner_1', 'voter_owner_2'`]) {
      const where = `where apr_code = '${code}' and voter in (${voters})`;
      const kept = await it.trial.value<string>(`select jsonb_agg(v)::text as v from public.apr_approvals v ${where}`);
      await it.trial.tamper(['public.apr_approvals'], `delete from public.apr_approvals ${where}`);
      await it.refused('HOLD_APR_AWAITING_QUORUM', () => it.authorize());
      expect(await handMint()).toBe('HOLD_APR_AWAITING_QUORUM');
      await it.trial.tamper(
        ['public.apr_approvals'],
        `insert into public.apr_approvals select * from jsonb_populate_recordset(null::public.apr_approvals, $k$${kept}$k$)`,
      );
    }
    await good();
  });

  test('of a grant that is for another DOT, or asked for without a target', async () => {
    for (const target of ['DOT_C2_VOCAB_BUILD', 'DOT_C1_VOCAB_VERIFY', 'DOT_KG_EXPLAIN']) {
      const line = `--cloud --step W7 --for trial/grant --authorize ${target}`.split(' ');
      await it.refused('REJECT_SCOPE_NOT_C1', () => it.runtime.bin('dot-apr-execute', line));
    }
    await good();
  });

  test('of another stack: it neither mints from the request nor takes it', async () => {
    const line = '--cloud --step W7 --for other/grant --authorize DOT_C1_VOCAB_BUILD'.split(' ');
    await it.refused('HOLD_CLAIMED_ELSEWHERE', () => it.runtime.bin('dot-apr-execute', line));
    expect(await handMint({ stack: 'other' })).toBe('HOLD_CLAIMED_ELSEWHERE');
    await good();
  });
});

describe('a call of the gateway out of its place', () => {
  const ROW = { auth_code: 'GBA-C1-x', request_ref: 'x', status: 'active' };
  const INSERT = `select iu_core.governance_build_authorization_insert(jsonb_populate_record(null::${GRANTS}, $1))`;
  const RETIRE = INSERT.replace('_insert', '_retire');

  test('without an open run is a bypass, for every DOT that may', async () => {
    for (const [login, sql] of [
      ['dot_310', INSERT],
      ['dot_310', RETIRE],
      ['dot_c1_grant_issue', RETIRE],
      ['dot_c1_vocab_verify', RETIRE],
    ] as const) {
      expect(await bare(login, sql)).toBe('GOVERNED_C1_DRYRUN_REJECT_DOT_BYPASS');
    }
  });

  test('by the DOT of somebody else is refused, open run or none', async () => {
    for (const dot of ['DOT_C1_GRANT_ISSUE', 'DOT_C1_VOCAB_VERIFY', 'DOT_C1_VOCAB_BUILD', 'DOT_APR_PROPOSE'] as const) {
      expect([dot, await byHand(it, dot, { deltas: mint })]).toEqual([dot, 'REJECT_NOT_ALLOWED']);
      expect([dot, await handMint({ login: dot.toLowerCase() })]).toEqual([dot, 'REJECT_NOT_ALLOWED']);
    }
    expect(await handMint({ login: 'postgres' })).toBe('REJECT_NOT_ALLOWED');
    await good();
  });

  test('mints no other row than the owners signed', async () => {
    const grant = 'governance_build_authorization';
    const other = callWith(mint, grant, { auth_code: 'GBA-C1-OTHER' });
    expect(await handMint({ calls: other })).toBe('REJECT_GENERIC_GRANT');
    // What it says of its life, its scope or its use is not asked: the row is made of the request.
    const wider = callWith(mint, grant, {
      ...{ expires_at: '2099-01-01T00:00:00Z', granted_at: '2020-01-01T00:00:00Z', commit_allowed: true },
      ...{ single_use: false, scope: {}, carrier: 'C7', manifest_hash: 'a'.repeat(64), status: 'consumed' },
    });
    expect(await handMint({ calls: wider })).toBe('applied');
    const legacy = callWith(mint, grant, { request_ref: 'APR-2025-0007', auth_code: 'GBA-C1-APR-2025-0007' });
    expect(await handMint({ calls: legacy })).toBe('REJECT_NOT_ALLOWED');
    const nobodys = callWith(mint, grant, { request_ref: 'APR-C1-GRANT-0000000000000000' });
    expect(await handMint({ calls: nobodys })).toBe('REJECT_NOT_ALLOWED');
    await good();
  });

  test('mints nothing that leaves its request open, and applies no request that minted nothing', async () => {
    const only = (surface: string) => mint.filter((one) => one.surface === surface || one.surface === 'dot_ledger');
    const grant = mint.find(({ surface }) => surface === 'governance_build_authorization');
    expect(
      await handMint({
        deltas: only('governance_build_authorization'),
        subject: `governance_build_authorization/${grant?.key}`,
      }),
    ).toBe('REJECT_NOT_ALLOWED');
    expect(await handMint({ deltas: only('apr_requests') })).toBe('REJECT_NO_GRANT');
    const [first] = callWith(mint, 'none', {});
    expect(await handMint({ calls: first === undefined ? [] : [first] })).toBe('HOLD_PRESTATE_MOVED');
    expect(await handMint({ calls: [] })).toBe('HOLD_PRESTATE_MOVED');
    await good();
  });

  test('of a kind that needs no approval changes no grant: not as a proposal, a vote or a use', async () => {
    for (const kind of ['propose', 'vote', 'consume', 'other', ''])
      expect([kind, await handMint({ kind })]).not.toEqual([kind, 'applied']);
    await good();
  });

  async function bare(login: string, sql: string): Promise<string> {
    const pool = await it.runtime.pool(login);
    const failed = await pool.query(sql, [JSON.stringify(ROW)]).catch((cause: unknown) => cause);
    return failed instanceof Error ? (failed.message.split(':')[0] ?? '') : 'accepted';
  }
});
