import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RELEASE } from '../../executor/release.ts';
import type { Trial } from '../dots/support/trial.ts';
import { createC1Trial, enterEvidence, HASH, MANIFEST, mintGrantOf, VERIFY, withGrant } from './support/c1-runtime.ts';
import { configFor, refusal, refusalOf, type Service, startService } from './support/service.ts';
import { altered, createSigners, DRY_RUN, EVIDENCE, OWNER, REVIEW } from './support/signers.ts';

const { folder, allowedSigners, signed, authorized, dispose } = createSigners();

let trial: Trial;
let service: Service;

beforeAll(async () => {
  trial = await createC1Trial();
  await enterEvidence(trial, 'dryrun', EVIDENCE);
  service = await startService(RELEASE, configFor(trial.runtime, { allowedSigners }));
});
afterAll(async () => {
  await service.close();
  await trial.dispose();
  dispose();
});

const NOT_AUTHORIZED = refusal(403, 'HOLD_DRYRUN_NOT_AUTHORIZED');

test('without a grant neither dry run nor verification goes through, however well it is authorized', async () => {
  expect(refusalOf(await service.dispatch(authorized()))).toEqual(refusal(422, 'REJECT_NO_GRANT'));
  expect(refusalOf(await service.dispatch(VERIFY))).toEqual(refusal(422, 'REJECT_NO_GRANT'));
  await mintGrantOf(trial, 'dryrun', EVIDENCE);
  expect((await service.dispatch(VERIFY)).status).toBe(200);
  // Nor by evidence that is older than the grant: whoever signed over it saw another one.
  await withGrant(trial, 'granted_at = now()', async () => {
    expect(refusalOf(await service.dispatch(authorized()))).toEqual(NOT_AUTHORIZED);
  });
  expect((await service.dispatch(authorized())).status).toBe(200);
});

test('with both authorizations: 14 operations, their hash, the seal withheld, no row before and after', async () => {
  const fingerprint = await trial.fingerprint();
  const { status, json } = await service.dispatch(authorized());
  const { hash: _, ...manifest } = MANIFEST;
  expect({ status, ...json }).toMatchObject({
    ...{ status: 200, ...DRY_RUN, validated: true, writes_db: false, write_obs: false },
    ...{ operations: 14, manifest, manifest_hash: HASH, database_hash: HASH, seal: 'WITHHELD_DRY_RUN' },
    ...{ rows_before: 0, rows_after: 0 },
  });
  expect(await trial.fingerprint()).toBe(fingerprint);
});

describe('a dry run is not authorized', () => {
  test.each([
    ['by nothing', undefined],
    ['by an empty list', []],
    ['by the reviewer alone', [signed(REVIEW)]],
    ['by the owner alone', [signed(OWNER)]],
    ['by the reviewer twice', [signed(REVIEW), signed(REVIEW)]],
    ['by three', [signed(REVIEW), signed(OWNER), signed(OWNER)]],
    ['by one signer', [signed(REVIEW), signed({ ...OWNER, signer: 'reviewer_1' })]],
    ['by one key under two names', [signed(REVIEW), signed({ ...OWNER, signer: 'reviewer_twin' })]],
    ['over two evidences', [signed(REVIEW), signed({ ...OWNER, evidence_digest: 'f'.repeat(64) })]],
    ['for two stacks', [signed(REVIEW), signed({ ...OWNER, stack: 'vps' })]],
    ['over other evidence', [REVIEW, OWNER].map((one) => signed({ ...one, evidence_digest: 'f'.repeat(64) }))],
    ['for another stack', [REVIEW, OWNER].map((one) => signed({ ...one, stack: 'vps' }))],
    ['any more', [signed(REVIEW), signed({ ...OWNER, expires_at: '2020-01-01T00:00:00Z' })]],
    ['until no time', [signed(REVIEW), signed({ ...OWNER, expires_at: 'tomorrow' })]],
    ['with an unknown field', [signed(REVIEW), signed({ ...OWNER, more: true })]],
    ['by another key than the name', [signed(REVIEW), signed(OWNER, { key: 'reviewer_1' })]],
    ['by a name that nobody listed', [signed(REVIEW), signed({ ...OWNER, signer: 'owner_2' }, { key: 'owner_1' })]],
    ['by a name that looks like a flag', [signed(REVIEW), signed({ ...OWNER, signer: '-f' }, { key: 'owner_1' })]],
    ['by signatures for another purpose', [signed(REVIEW), signed(OWNER, { namespace: 'c1-apr' })]],
    ['by a signature of something else', [signed(REVIEW), { ...signed(OWNER), signature: signed(REVIEW).signature }]],
    ['by no signature', [signed(REVIEW), { ...signed(OWNER), signature: 'signed, the owner' }]],
    ['by a statement changed after', [signed(REVIEW), altered(signed(OWNER), { expires_at: '2098-01-01T00:00:00Z' })]],
  ])('%s', async (_, authorizations) => {
    const answer = await service.dispatch({ ...DRY_RUN, authorizations });
    expect(refusalOf(answer)).toEqual(NOT_AUTHORIZED);
    expect(answer.text).not.toMatch(/seal|WITHHELD|manifest_hash/);
  });

  test('where nobody is listed who may sign', async () => {
    const other = await startService(RELEASE, configFor(trial.runtime));
    expect(refusalOf(await other.dispatch(authorized()))).toEqual(NOT_AUTHORIZED);
    await other.close();
  });

  test('and what else is wrong is said first', async () => {
    const target = { ...DRY_RUN, target: 'production' };
    expect(refusalOf(await service.dispatch(target))).toEqual(refusal(422, 'REJECT_PRODUCTION_TARGET'));
    const rollback = { ...authorized(), rollback: 'delete' };
    expect(refusalOf(await service.dispatch(rollback))).toEqual(refusal(422, 'REJECT_ROLLBACK_DELETE'));
  });
});

test('without ssh-keygen no signature is good', async () => {
  const { PATH } = process.env;
  const body = authorized();
  process.env.PATH = folder;
  try {
    expect(refusalOf(await service.dispatch(body))).toEqual(refusal(503, 'ERROR_SSH_MISSING'));
  } finally {
    process.env.PATH = PATH;
  }
});

test('rows in the vocabulary are told: a dry run finds none before and none after', async () => {
  const table = 'c1.governance_canonical_operation_vocab';
  const columns = 'operation_code, protocol_version, status, created_by';
  const insert = `insert into ${table} (${columns}) values ('birth_record', '1', 'active', 'a test')`;
  await trial.tamper([table], insert);
  expect(refusalOf(await service.dispatch(authorized()))).toEqual(refusal(409, 'HOLD_COUNTER_DRIFT'));
  const row = { operation_code: 'birth_record', protocol_version: '1', status: 'active', semantic_definition: 'other' };
  const rewrite = { ...VERIFY, rows: [row] };
  expect(refusalOf(await service.dispatch(rewrite))).toEqual(refusal(422, 'REJECT_SEMANTIC_REWRITE'));
  await trial.tamper([table], `delete from ${table}`);
  expect((await service.dispatch(authorized())).status).toBe(200);
});

test('without an endpoint a dry run has nobody to make it', async () => {
  const contract = 'public.dot_agent_api_contract';
  const where = "where dot_code = 'DOT_C1_VOCAB_BUILD'";
  await trial.tamper([contract], `update ${contract} set contract_status = 'contract_ready' ${where}`);
  expect(refusalOf(await service.dispatch(authorized()))).toEqual(refusal(409, 'HOLD_ENDPOINT_MISSING'));
  await trial.tamper([contract], `update ${contract} set contract_status = 'endpoint_bound' ${where}`);
  expect((await service.dispatch(authorized())).status).toBe(200);
});

test('a database that canonicalises otherwise is told', async () => {
  await trial.tamper(
    [],
    'alter function c1.manifest_bytes() rename to manifest_bytes_before',
    "create function c1.manifest_bytes() returns bytea language sql stable as $$ select 'other'::bytea $$",
  );
  expect(refusalOf(await service.dispatch(authorized()))).toEqual(refusal(409, 'HOLD_MANIFEST_NOT_REPRODUCED'));
});
