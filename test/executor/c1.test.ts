import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkC1VocabOutput } from '../../executor/c1.ts';
import type { Output } from '../../executor/fixture.ts';
import { checkKgOutput } from '../../executor/kg.ts';
import { RELEASE } from '../../executor/release.ts';
import { RELEASE_V1 } from '../../executor/release-v1.ts';
import type { Trial } from '../dots/support/trial.ts';
import { createC1Trial, HASH, MANIFEST, mintGrant, VERIFY, withGrant } from './support/c1-runtime.ts';
import { BUILD_PLAN, configFor, KG_PLAN, refusal, refusalOf, type Service, startService } from './support/service.ts';

let trial: Trial;
let service: Service;
let before: Service;

beforeAll(async () => {
  trial = await createC1Trial();
  await mintGrant(trial);
  service = await startService(RELEASE, configFor(trial.runtime));
  before = await startService(RELEASE_V1, configFor(trial.runtime));
});
afterAll(async () => {
  await Promise.all([service.close(), before.close()]);
  await trial.dispose();
});

const PLANNED = {
  validated: true,
  endpoint_present: true,
  true_dry_run_possible: true,
  writes_db: false,
  write_obs: false,
};

describe('PLAN_ONLY', () => {
  test('the build says that a dry run could be, of 14 operations and their hash', async () => {
    const { status, json } = await service.dispatch(BUILD_PLAN);
    expect({ status, ...json }).toMatchObject({ status: 200, ...PLANNED, operations: 14, manifest_hash: HASH });
  });

  test('the verifier has no endpoint, so that no dry run goes through it', async () => {
    const { status, json } = await service.dispatch({ ...VERIFY, mode: 'PLAN_ONLY', manifest: undefined });
    const without = { ...PLANNED, endpoint_present: false, true_dry_run_possible: false };
    expect({ status, ...json }).toMatchObject({ status: 200, ...without, operations: 14 });
  });

  test('what it says is read: without endpoint there is no dry run, and the contract is still the one of W5', async () => {
    const unbound = "endpoint_ref = null, contract_status = 'contract_ready'";
    const { json } = await withContract(unbound, () => service.dispatch(BUILD_PLAN));
    expect(json).toMatchObject({ ...PLANNED, endpoint_present: false, true_dry_run_possible: false });
  });

  test.each([
    ['a contract that allows a mutation', 'no_mutation_assertion = false'],
    ['a contract of another pair', "paired_dot = 'DOT_KG_EXPLAIN'"],
    ['an endpoint somewhere else', "endpoint_ref = 'http://elsewhere:8090/dispatch'"],
  ])('%s is a drift', async (_, changes) => {
    const answer = await withContract(changes, () => service.dispatch(BUILD_PLAN));
    expect(refusalOf(answer)).toEqual(refusal(409, 'HOLD_DRIFT'));
  });

  test('a retired contract is none', async () => {
    const answer = await withContract("contract_status = 'retired'", () => service.dispatch(BUILD_PLAN));
    expect(refusalOf(answer)).toEqual(refusal(409, 'HOLD_ADMISSION_MISSING_OR_INVALID'));
  });

  test.each(['dry_run_only = false', 'execute_enabled = true', 'real_run_enabled = true'])(
    'behind an open gate (%s) nothing is planned',
    async (open) => {
      const answer = await withRow('public.dot_runtime_gate', 'true', open, () => service.dispatch(BUILD_PLAN));
      expect(refusalOf(answer)).toEqual(refusal(403, 'C1_PROD_REAL_RUN_BLOCKED'));
    },
  );

  test('rows that a plan means to write are looked at', async () => {
    const row = { operation_code: 'birth_record', protocol_version: '1', status: 'active', semantic_definition: null };
    expect((await service.dispatch({ ...BUILD_PLAN, rows: [row] })).status).toBe(200);
    const unknown = { ...BUILD_PLAN, rows: [{ ...row, operation_code: 'birth_record_2' }] };
    expect(refusalOf(await service.dispatch(unknown))).toEqual(refusal(422, 'REJECT_ACTION_SET_MISMATCH'));
  });
});

describe('an operation row that is none', () => {
  const one = "action_code = 'birth_record'";

  test.each([
    ['an empty code', "action_code = ''", 500, 'ERROR_PAYLOAD_INVALID'],
    ['another protocol version', "protocol_version = '2'", 422, 'REJECT_PROTOCOL_VERSION'],
    ['one operation less', "status = 'inactive'", 422, 'REJECT_ACTION_SET_MISMATCH'],
  ])('%s is refused', async (_, changes, status, code) => {
    const answer = await withRow('public.apr_action_types', one, changes, () => service.dispatch(BUILD_PLAN));
    expect(refusalOf(answer)).toEqual(refusal(status, code));
  });

  test.each([
    ['null', 'action_code = null'],
    ['10 MB long', "action_code = repeat('x', 10000000)"],
  ])('a code that is %s is refused, though the table would not take one', async (_, changes) => {
    const table = 'public.apr_action_types';
    const unguarded = [
      `alter table ${table} drop constraint if exists apr_action_types_action_code_key cascade`,
      `alter table ${table} alter action_code drop not null`,
    ];
    await trial.tamper([table], ...unguarded);
    const answer = await withRow(table, one, changes, () => service.dispatch(BUILD_PLAN));
    expect(refusalOf(answer)).toEqual(refusal(500, 'ERROR_PAYLOAD_INVALID'));
  });

  test('with the rows as they were, the plan is what it was', async () => {
    expect((await service.dispatch(BUILD_PLAN)).json).toMatchObject({ ...PLANNED, manifest_hash: HASH });
  });
});

describe('VERIFY_ONLY', () => {
  test('accepts the manifest that the grant is bound to, and leaves the grant as it is', async () => {
    const { status, json } = await service.dispatch(VERIFY);
    expect({ status, ...json }).toMatchObject({ status: 200, validated: true, operations: 14, manifest_hash: HASH });
    expect(await trial.value<string>('select status as v from public.governance_build_authorization')).toBe('active');
  });

  test.each([
    ['no manifest', undefined, 'REJECT_MANIFEST_MISSING'],
    ['another hash', { ...MANIFEST, hash: '0'.repeat(64) }, 'REJECT_MANIFEST_HASH_MISMATCH'],
    ['one operation less', { ...MANIFEST, operations: MANIFEST.operations.slice(1) }, 'REJECT_ACTION_SET_MISMATCH'],
    [
      'one twice',
      { ...MANIFEST, operations: [...MANIFEST.operations, ...MANIFEST.operations.slice(0, 1)] },
      'REJECT_DUPLICATE_OPERATION',
    ],
    ['another carrier', { ...MANIFEST, carrier: 'C2' }, 'REJECT_WRONG_CARRIER'],
    ['another lane', { ...MANIFEST, lane: 'real' }, 'REJECT_WRONG_LANE'],
    ['another plan', { ...MANIFEST, plan: 'LEGO2' }, 'REJECT_WRONG_PLAN'],
  ])('%s is refused', async (_, manifest, code) => {
    expect(refusalOf(await service.dispatch({ ...VERIFY, manifest }))).toEqual(refusal(422, code));
  });

  test('a manifest with an unknown field is malformed', async () => {
    const answer = await service.dispatch({ ...VERIFY, manifest: { ...MANIFEST, more: true } });
    expect(refusalOf(answer)).toEqual(refusal(400, 'REJECT_MALFORMED_REQUEST'));
  });

  test.each([
    ['revoked', "status = 'revoked', revoked_at = now()", 'REJECT_AUTH_REVOKED'],
    ['consumed', "status = 'consumed', consumed_at = now()", 'REJECT_AUTH_ALREADY_CONSUMED'],
    [
      'expired',
      "granted_at = now() - interval '2 hours', expires_at = now() - interval '1 hour'",
      'REJECT_AUTH_EXPIRED',
    ],
    ['for another hash', `manifest_hash = '${'0'.repeat(64)}'`, 'REJECT_MANIFEST_HASH_MISMATCH'],
    ['of another carrier', "carrier = 'C2'", 'REJECT_WRONG_CARRIER'],
    [
      'older than the manifest',
      "granted_at = '2000-01-01', expires_at = now() + interval '1 day'",
      'REJECT_GENERIC_GRANT',
    ],
  ])('a grant that is %s is refused', async (_, changes, code) => {
    const answer = await withGrant(trial, changes, () => service.dispatch(VERIFY));
    expect(refusalOf(answer)).toEqual(refusal(422, code));
  });

  test('a grant that was proposed before a run changed an operation is stale', async () => {
    const request = 'public.apr_requests';
    const old = "created_at = '2000-01-01'";
    const answer = await withRow(request, "apr_code like 'APR-C1-GRANT-%'", old, () => service.dispatch(VERIFY));
    expect(refusalOf(answer)).toEqual(refusal(422, 'REJECT_AUTH_STALE'));
  });

  test('without quorum and without owner it is refused', async () => {
    const denied = "decision = 'deny'";
    const quorum = await withRow(
      'public.apr_approvals',
      "voter = 'voter_owner_1' and apr_code like 'APR-C1-GRANT-%'",
      denied,
      () => service.dispatch(VERIFY),
    );
    expect(refusalOf(quorum)).toEqual(refusal(422, 'REJECT_NO_QUORUM'));
    const owner = await withRow('public.governance_object_ownership', 'true', "status = 'released'", () =>
      service.dispatch(VERIFY),
    );
    expect(refusalOf(owner)).toEqual(refusal(422, 'REJECT_OWNERSHIP_MISSING'));
  });
});

describe('REAL_RUN', () => {
  test.each([
    ['as mode', { ...BUILD_PLAN, mode: 'REAL_RUN' }, {}],
    ['in mixed case', { ...BUILD_PLAN, mode: 'rEaL_rUn' }, {}],
    ['with other signs', { ...BUILD_PLAN, mode: ' real-run ' }, {}],
    ['in full width', { ...BUILD_PLAN, mode: 'ＲＥＡＬ＿ＲＵＮ' }, {}],
    ['by x-mode', BUILD_PLAN, { 'x-mode': 'REAL_RUN' }],
    ['by another header', BUILD_PLAN, { 'X-Dot-Run-Mode': 'real_run' }],
    ['by a header of its own', BUILD_PLAN, { 'x-real-run': '1' }],
    ['by a field of its own', { ...BUILD_PLAN, real_run: true }, {}],
    ['by a second mode', { ...BUILD_PLAN, Mode: 'REAL_RUN' }, {}],
    ['for KG', { ...KG_PLAN, mode: 'REAL_RUN' }, {}],
    ['for another carrier', { dot_code: 'DOT_C2_VOCAB_BUILD', mode: 'REAL_RUN' }, {}],
    ['for nothing', { mode: 'REAL_RUN' }, {}],
  ])('%s is blocked', async (_, body, headers) => {
    expect(refusalOf(await service.dispatch(body, headers))).toEqual(refusal(403, 'C1_PROD_REAL_RUN_BLOCKED'));
    expect(refusalOf(await before.dispatch(body, headers))).toEqual(refusal(403, 'C1_PROD_REAL_RUN_BLOCKED'));
  });

  test('a header that names a mode which is none of that kind changes nothing', async () => {
    const answer = await service.dispatch(BUILD_PLAN, { 'x-mode': 'PLAN_ONLY', 'user-agent': 'unreal-runtime' });
    expect(answer.status).toBe(200);
  });
});

describe('codes that are not served', () => {
  test.each([
    'DOT_C2_VOCAB_BUILD',
    'DOT_C7_VOCAB_VERIFY',
    'DOT_C1_VOCAB_BUILD ',
    'dot_c1_vocab_build',
    'DOT_Ｃ1_VOCAB_BUILD',
    'DOT_С1_VOCAB_BUILD',
    'DOT_C1_VOCAB_BUILD\u200b',
    'DOT_C1_VOCAB_BUILD\u0000',
    'DOT_C1_PREFLIGHT',
    'DOT_UNKNOWN',
    '',
    '__proto__',
    'constructor',
    "DOT_C1_VOCAB_BUILD'; drop table x; --",
    'X'.repeat(10_000),
  ])('%j is out of scope', async (dot_code) => {
    expect(refusalOf(await service.dispatch({ ...BUILD_PLAN, dot_code }))).toEqual(refusal(403, 'REJECT_SCOPE_NOT_C1'));
  });

  test('a look-alike is shown as what it is', async () => {
    const { json } = await service.dispatch({ ...BUILD_PLAN, dot_code: 'DOT_С1_VOCAB_BUILD' });
    expect(json.message).toContain('DOT_\\u04211_VOCAB_BUILD');
  });

  test('the release before C1 serves none of its codes', async () => {
    for (const body of [BUILD_PLAN, VERIFY]) {
      expect(refusalOf(await before.dispatch(body))).toEqual(refusal(403, 'REJECT_SCOPE_NOT_C1'));
    }
  });
});

test('KG answers byte for byte what it answered before C1', async () => {
  const asked = [
    KG_PLAN,
    { ...KG_PLAN, mode: 'DRY_RUN' },
    { ...KG_PLAN, dot_code: 'DOT_KG_EXPLAIN_VERIFY' },
    { dot_code: 'DOT_KG_EXPLAIN_VERIFY', mode: 'VERIFY_ONLY' },
  ];
  for (const body of asked) {
    const [old, now] = await Promise.all([before.dispatch(body), service.dispatch(body)]);
    expect([now.status, now.text]).toEqual([200, old.text]);
    expect(old.status).toBe(200);
  }
});

test('a KG contract that changed is told, not served', async () => {
  const changes = "output_namespace = 'PROD:dot:kg'";
  const answer = await withRow('public.dot_agent_api_contract', "dot_code = 'DOT_KG_EXPLAIN'", changes, () =>
    service.dispatch(KG_PLAN),
  );
  expect(refusalOf(answer)).toEqual(refusal(409, 'HOLD_DRIFT'));
});

test.each(['writes_db', 'write_obs'])('an output that says %s never leaves the service', async (field) => {
  const { json } = await service.dispatch(BUILD_PLAN);
  const drifted = expect.objectContaining({ code: 'HOLD_DRIFT' });
  expect(() => checkC1VocabOutput({ ...json, [field]: true } as Output)).toThrow(drifted);
  expect(() => checkC1VocabOutput(json as Output)).not.toThrow();
  const { json: kg } = await service.dispatch(KG_PLAN);
  expect(() => checkKgOutput({ ...kg, [field]: true } as Output)).toThrow(drifted);
  expect(() => checkKgOutput(kg as Output)).not.toThrow();
});

test('authorizations are a field of a dry run alone', async () => {
  expect(refusalOf(await service.dispatch({ ...BUILD_PLAN, authorizations: [] }))).toEqual(
    refusal(400, 'REJECT_MALFORMED_REQUEST'),
  );
  expect((await service.dispatch(BUILD_PLAN)).status).toBe(200);
});

test('three of them answer alike, and each alike at any time', async () => {
  const others = await Promise.all([1, 2].map(() => startService(RELEASE, configFor(trial.runtime))));
  try {
    for (const body of [KG_PLAN, BUILD_PLAN, VERIFY]) {
      const all = [service, ...others, service].map((one) => one.dispatch(body));
      const texts = (await Promise.all(all)).map(({ text }) => text);
      expect(new Set(texts).size).toBe(1);
    }
  } finally {
    await Promise.all(others.map((one) => one.close()));
  }
});

test('nothing of all this wrote', async () => {
  const fingerprint = await trial.fingerprint();
  for (const body of [KG_PLAN, BUILD_PLAN, VERIFY, { ...BUILD_PLAN, mode: 'DRY_RUN' }]) await service.dispatch(body);
  await Promise.all([service.get('/health'), service.get('/metrics')]);
  expect(await trial.fingerprint()).toBe(fingerprint);
});

function withContract<T>(changes: string, work: () => Promise<T>): Promise<T> {
  return withRow('public.dot_agent_api_contract', "dot_code = 'DOT_C1_VOCAB_BUILD'", changes, work);
}

/** Runs `work` while one row says something else. @param where must hold for the changed row too, or the row has an id */
async function withRow<T>(table: string, where: string, changes: string, work: () => Promise<T>): Promise<T> {
  const kept = await trial.value<string>(`select to_jsonb(t)::text as v from ${table} t where ${where}`);
  const { id, ...columns } = JSON.parse(kept) as Readonly<Record<string, unknown>>;
  const same = id === undefined ? where : `id = ${Number(id)}`;
  await trial.tamper([table], `update ${table} set ${changes} where ${where}`);
  try {
    return await work();
  } finally {
    const set = Object.keys(columns).map((name) => `"${name}" = r."${name}"`);
    const record = `jsonb_populate_record(null::${table}, $kept$${kept}$kept$::jsonb) r`;
    const back = `update ${table} t set ${set.join(', ')} from ${record} where t.ctid in (select ctid from ${table} where ${same})`;
    await trial.tamper([table], back);
  }
}
