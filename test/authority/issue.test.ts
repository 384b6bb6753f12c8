import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aprCode } from '../../domain/apr.ts';
import type { Image } from '../../domain/deltas.ts';
import type { GrantAction } from '../../domain/grant.ts';
import { rowCalls } from '../../dots/kernel/gateway.ts';
import { failure, failureOf, printed } from '../dots/support/rows.ts';
import { GrantTrial, ISSUER, ORDER } from './support/grant-trial.ts';
import { byHand, proposalDeltas } from './support/raw.ts';

/** What may be asked for: exactly the dry run of C1. */
let it: GrantTrial;
beforeAll(async () => {
  it = await GrantTrial.create();
});
afterAll(() => it?.dispose());

const scope = ORDER.scope;
const [first, ...others] = ORDER.action_set;
const upper = String(ORDER.manifest_hash).toUpperCase();

/** Of a generic value the gateway only knows that it is not the one. */
const GATEWAY_CODES = new Map([
  ['a generic carrier', 'REJECT_WRONG_CARRIER'],
  ['any plan', 'REJECT_WRONG_PLAN'],
  ['every operation', 'REJECT_ACTION_SET_MISMATCH'],
  ['no operation', 'REJECT_ACTION_SET_MISMATCH'],
]);

const WRONG: readonly (readonly [title: string, change: object, code: string])[] = [
  ['a generic carrier', { carrier: '*' }, 'REJECT_GENERIC_GRANT'],
  ['any plan', { plan_ref: 'ANY' }, 'REJECT_GENERIC_GRANT'],
  ['every operation', { action_set: ['*'] }, 'REJECT_GENERIC_GRANT'],
  ['no operation', { action_set: [] }, 'REJECT_GENERIC_GRANT'],
  ['more than one use', { single_use: false }, 'REJECT_GENERIC_GRANT'],
  ['PLAN_ONLY', { mode: 'PLAN_ONLY' }, 'REJECT_GENERIC_GRANT'],
  ['C2', { carrier: 'C2' }, 'REJECT_WRONG_CARRIER'],
  ['C7', { carrier: 'C7' }, 'REJECT_WRONG_CARRIER'],
  ['a small c', { carrier: 'c1' }, 'REJECT_WRONG_CARRIER'],
  ['another lane', { lane: 'production' }, 'REJECT_WRONG_LANE'],
  ['another plan', { plan_ref: 'LEGO2-C1-PLAN' }, 'REJECT_WRONG_PLAN'],
  ['a hash in capitals', { manifest_hash: upper }, 'REJECT_GRANT_UNBOUND'],
  ['a hash of 63 digits', { manifest_hash: ORDER.manifest_hash?.slice(1) }, 'REJECT_GRANT_UNBOUND'],
  ['a hash of 65 digits', { manifest_hash: `${ORDER.manifest_hash}0` }, 'REJECT_GRANT_UNBOUND'],
  ['another hash', { manifest_hash: 'a'.repeat(64) }, 'REJECT_MANIFEST_HASH_MISMATCH'],
  ['an operation less', { action_set: others }, 'REJECT_ACTION_SET_MISMATCH'],
  ['an operation more', { action_set: [...ORDER.action_set, 'zz'] }, 'REJECT_ACTION_SET_MISMATCH'],
  ['one operation twice', { action_set: [first, ...ORDER.action_set] }, 'REJECT_ACTION_SET_MISMATCH'],
  ['another order', { action_set: ORDER.action_set.toReversed() }, 'REJECT_ACTION_SET_MISMATCH'],
  ['a scope that is wider', { scope: { ...scope, also: 'DOT_C2' } }, 'REJECT_SCOPE_NOT_C1'],
  ['a C2 target', { scope: { ...scope, target: 'DOT_C2_VOCAB_BUILD' } }, 'REJECT_SCOPE_NOT_C1'],
  ['a commit', { commit_allowed: true }, 'REJECT_SCOPE_NOT_C1'],
  ['sovereign authority', { requires_sovereign_esign: true }, 'REJECT_SCOPE_NOT_C1'],
  ['a production target', { scope: { ...scope, namespace: 'production' } }, 'REJECT_PRODUCTION_TARGET'],
  ['a rollback by delete', { rollback_plan_ref: 'delete' }, 'REJECT_ROLLBACK_DELETE'],
  ['REAL_RUN', { mode: 'REAL_RUN' }, 'C1_PROD_REAL_RUN_BLOCKED'],
  ['real run', { mode: ' real-run' }, 'C1_PROD_REAL_RUN_BLOCKED'],
  ['a life of nothing', { ttl_seconds: 0 }, 'REJECT_GRANT_TTL'],
  ['a life that is over', { ttl_seconds: -1 }, 'REJECT_GRANT_TTL'],
  ['8 days', { ttl_seconds: 8 * 86_400 }, 'REJECT_GRANT_TTL'],
  ['7 days and a second', { ttl_seconds: 7 * 86_400 + 1 }, 'REJECT_GRANT_TTL'],
  ['a life as text', { ttl_seconds: '86400' }, 'ERROR_PAYLOAD_INVALID'],
  ['a life with a fraction', { ttl_seconds: 1.5 }, 'ERROR_PAYLOAD_INVALID'],
  ['an unknown field', { more: 1 }, 'ERROR_PAYLOAD_INVALID'],
  ['an owner that is no principal', { owner: 'GovernanceOwner' }, 'ERROR_PAYLOAD_INVALID'],
  ['a generation of none', { generation: 0 }, 'ERROR_PAYLOAD_INVALID'],
];

describe('the issuer', () => {
  test.each(WRONG)('refuses %s, and would propose the same made good', async (_, change, code) => {
    const order = { ...ORDER, ...change };
    await it.refused(code, () => it.ask({ order }));
    await it.unchanged(() => it.taken(() => it.ask({ flags: ['--dry-run'] }), 'OK_PLANNED'));
  });

  test('refuses in a dry run as it would in a real one', async () => {
    for (const [change, code] of [
      [{ manifest_hash: 'a'.repeat(64) }, 'REJECT_MANIFEST_HASH_MISMATCH'],
      [{ mode: 'REAL_RUN' }, 'C1_PROD_REAL_RUN_BLOCKED'],
      [{ manifest_hash: null }, 'ERROR_PAYLOAD_INVALID'],
    ] as const)
      await it.refused(code, () => it.ask({ order: { ...ORDER, ...change }, flags: ['--dry-run'] }));
  });

  test('prints the request in a dry run, and that it mints nothing', async () => {
    const answer = printed(await it.ask({ flags: ['--dry-run'] }));
    expect(answer.message).toContain('would propose, and mint nothing');
    expect(answer.deltas.map(({ surface, op }) => [surface, op])).toEqual([
      ['apr_requests', 'insert'],
      ['dot_ledger', 'insert'],
    ]);
    expect(JSON.stringify(answer.deltas)).toContain(ORDER.manifest_hash);
  });

  test('needs hash and owner on the command line as well, and a life in whole seconds; both must say the same', async () => {
    const words = '--cloud --step W7 --for trial/grant-request'.split(' ');
    const whole = [...words, '--manifest-hash', String(ORDER.manifest_hash), '--owner', ORDER.owner];
    for (const [flags, exit, code] of [
      [words, 64, 'ERROR_USAGE'],
      [[...words, '--owner', ORDER.owner], 64, 'ERROR_USAGE'],
      [[...whole, '--ttl', 'a day'], 64, 'ERROR_USAGE'],
      [[...whole, '--ttl', '1e3'], 64, 'ERROR_USAGE'],
      [[...whole, '--ttl', '3600'], 1, 'ERROR_PAYLOAD_INVALID'],
      [[...words, '--manifest-hash', 'a'.repeat(64), '--owner', ORDER.owner], 1, 'ERROR_PAYLOAD_INVALID'],
    ] as const)
      expect([flags, failureOf(await it.runtime.bin(ISSUER, flags, { stdin: ORDER }))]).toEqual([
        flags,
        failure(exit, code),
      ]);
    const answer = await it.runtime.bin(ISSUER, [...whole, '--ttl', String(ORDER.ttl_seconds)], { stdin: ORDER });
    expect(printed(answer).code).toBe('OK_APPLIED');
    await it.clear();
  });
});

describe('the gateway refuses by itself what a bin without checks would propose', () => {
  /** The columns of a good proposal with another action, under the code that is made of it. */
  async function proposed(change: object): Promise<string> {
    const [good, ...entries] = await proposalDeltas(it, ORDER);
    if (good?.after === null || good === undefined) throw new Error('no proposal');
    const proposed_action = { ...Object(good.after.proposed_action), ...change } as GrantAction;
    const apr_code = aprCode('authorize_build_step', proposed_action);
    const after = { ...good.after, apr_code, proposed_action } as Image;
    const subject = `apr_requests/${apr_code}`;
    const deltas = [{ ...good, key: apr_code, after }, ...entries.map((entry) => ({ ...entry, key: subject }))];
    const signed = { ...after, proposer: 'operator_1', proposer_signature: '-----BEGIN SSH SIGNATURE-----' };
    const calls = rowCalls([{ ...good, key: apr_code, after: signed }]);
    return byHand(it, 'DOT_C1_GRANT_ISSUE', {
      kind: 'propose',
      deltas,
      calls,
      subject,
      resource: 'grant-request',
    });
  }

  /** Whose shape the bins know alone: no more of a request is ever used than what the gateway checks. */
  const UNSEEN = [
    'an owner that is no principal',
    'a generation of none',
    'an unknown field',
    'a life with a fraction',
  ];
  const RAW: typeof WRONG = [
    ...WRONG.filter(([title]) => !UNSEEN.includes(title)),
    ['no hash', { manifest_hash: null }, 'REJECT_GRANT_UNBOUND'],
    ['no scope', { scope: null }, 'REJECT_SCOPE_NOT_C1'],
    ['no mode', { mode: null }, 'REJECT_GENERIC_GRANT'],
    ['no life', { ttl_seconds: null }, 'REJECT_GRANT_TTL'],
  ];

  test.each(RAW)('%s', async (title, change, code) => {
    const before = await it.count();
    const expected = GATEWAY_CODES.get(title) ?? (code === 'ERROR_PAYLOAD_INVALID' ? 'REJECT_GRANT_TTL' : code);
    expect(await proposed(change)).toBe(expected);
    expect(await proposed({})).toBe('applied');
    expect(await it.count()).toBe(before);
  });
});
