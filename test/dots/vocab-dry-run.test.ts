import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { deploy } from '../../executor/deploy/deploy.ts';
import { executorFolder } from '../../executor/deploy/folder.ts';
import { writeBinConfig } from '../../runtime/bin-config.ts';
import { installExecutor, stopExecutor } from '../../runtime/executor.ts';
import { HASH, MANIFEST, withGrant } from '../executor/support/c1-runtime.ts';
import { OWNER, REVIEW } from '../executor/support/signers.ts';
import { createDryRunTrial, type DryRunTrial, MADE } from './support/dry-run.ts';
import { failure, failureOf, printed } from './support/rows.ts';
import type { Trial } from './support/trial.ts';

const CONTRACTS = 'public.dot_agent_api_contract';

let it: DryRunTrial;
let trial: Trial;
let before: string;

beforeAll(async () => {
  it = await createDryRunTrial();
  trial = it.trial;
});
beforeEach(async () => {
  before = await trial.fingerprint();
});
afterAll(() => it?.dispose());

const dryRun: DryRunTrial['dryRun'] = (stdin, options) => it.dryRun(stdin, options);
const authorized = () => it.signers.authorized();

async function untouched(): Promise<void> {
  expect(await trial.fingerprint()).toBe(before);
}

test('without a grant a dry run is refused by the executor; with one it is made, and changes nothing', async () => {
  expect(failureOf(await dryRun(authorized()))).toEqual(failure(4, 'REJECT_NO_GRANT'));
  await untouched();
  await it.mint();
  before = await trial.fingerprint();
  const answer = printed(await dryRun(authorized()));
  expect(answer).toMatchObject({ code: 'OK_READ', mode: 'read', deltas: [], requestId: null, readback: MADE });
  expect(printed(await dryRun(authorized())).readback).toEqual(answer.readback);
  expect(answer.readback).toEqual(MADE);
  await untouched();
});

test('the executor that the runtime installs is found at its own address, and at none before', async () => {
  const { paths, database } = trial.runtime;
  const none = await it.bare();
  expect(failureOf(none)).toEqual(failure(1, 'ERROR_EXECUTOR_UNHEALTHY'));
  expect(none.stderr).toMatch(/seen a runtime without an executor.* Next: .*npx c1 runtime start\.$/);
  const { buildFolder, built } = inject('testServer');
  await installExecutor({ paths, buildFolder, built, port: trial.proxy.port, database });
  const folder = executorFolder(paths.executor);
  const { listen, ...config } = JSON.parse(await readFile(folder.config, 'utf8'));
  await writeFile(folder.config, JSON.stringify({ ...config, listen, allowedSigners: it.signers.allowedSigners }));
  const { c1: release } = JSON.parse(await readFile(folder.build, 'utf8'));
  expect(failureOf(await it.bare())).toEqual(failure(1, 'ERROR_EXECUTOR_UNHEALTHY'));
  await deploy({ folder, release, address: listen, limitMs: 30_000 });
  // As every start does, before it brings the executor.
  await writeBinConfig({ paths, port: trial.proxy.port, database });
  try {
    expect(printed(await it.bare()).readback).toEqual(MADE);
  } finally {
    await stopExecutor(paths);
  }
  await untouched();
});

test('the name of the endpoint is used as it is where the runtime maps none', async () => {
  const config = JSON.parse(await readFile(trial.runtime.paths.config, 'utf8')) as Record<string, unknown>;
  expect(config).toHaveProperty('executor');
  const unmapped = await trial.withConfig({ executor: undefined, limits: { executor: 2_000 } }, it.bare);
  expect(failureOf(unmapped)).toEqual(failure(1, 'ERROR_EXECUTOR_UNHEALTHY'));
  expect(unmapped.stderr).toContain('seen no whole answer (');
});

describe('a dry run is not authorized, and the executor says why', () => {
  test.each([
    ['by nothing', null, 'seen no authorizations'],
    ['by an empty list', [], 'seen no reviewer_confirmation'],
    ['by the reviewer alone', [REVIEW], 'seen no owner_authorization'],
    ['by one key', [REVIEW, { ...OWNER, signer: 'reviewer_twin' }], 'seen both signatures by one key'],
    ['any more', [REVIEW, { ...OWNER, expires_at: '2020-01-01T00:00:00Z' }], 'seen owner_authorization until 2020'],
    ['over two evidences', [REVIEW, { ...OWNER, evidence_digest: 'f'.repeat(64) }], 'another evidence_digest each'],
  ] as const)('%s', async (_title, given, said) => {
    const authorizations = given?.map((one) => it.signers.signed(one));
    const refused = await dryRun(given === null ? '' : { authorizations });
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_DRYRUN_NOT_AUTHORIZED'));
    expect(refused.stderr).toContain(said);
    expect(refused.stderr).not.toMatch(/[0-9a-f]{64}|WITHHELD/);
    expect(printed(await dryRun(authorized())).readback).toEqual(MADE);
    await untouched();
  });
});

describe('a refusal keeps its code', () => {
  test.each([
    ['an unknown field', { force: true }, 4, 'REJECT_MALFORMED_REQUEST'],
    ['a target that is no text', { target: ['production'] }, 4, 'REJECT_MALFORMED_REQUEST'],
    ['a production target', { target: 'production' }, 4, 'REJECT_PRODUCTION_TARGET'],
    ['a rollback by delete', { rollback: 'delete' }, 4, 'REJECT_ROLLBACK_DELETE'],
    ['another manifest', { manifest: { ...MANIFEST, hash: '0'.repeat(64) } }, 4, 'REJECT_MANIFEST_HASH_MISMATCH'],
    ['a real run inside', { mode: 'REAL_RUN' }, 4, 'C1_PROD_REAL_RUN_BLOCKED'],
    [
      'a body over the limit',
      { target: 'DRYRUN-NS:dot:c1:vocab', rows: 'x'.repeat(300_000) },
      4,
      'REJECT_REQUEST_TOO_LARGE',
    ],
  ] as const)('of %s', async (_title, change, exit, code) => {
    const refused = await dryRun({ ...authorized(), ...change });
    expect(failureOf(refused)).toEqual(failure(exit, code));
    expect(refused.stderr).not.toMatch(/[0-9a-f]{64}/);
    expect(printed(await dryRun({ ...authorized(), target: 'DRYRUN-NS:dot:c1:vocab' })).readback).toEqual(MADE);
    await untouched();
  });

  test('of a grant that was revoked', async () => {
    const refused = await withGrant(trial, `status = 'revoked'`, () => dryRun(authorized()));
    expect(failureOf(refused)).toEqual(failure(4, 'REJECT_AUTH_REVOKED'));
    expect(printed(await dryRun(authorized())).readback).toEqual(MADE);
  });

  test('of another hash than is expected, before the executor is asked', async () => {
    const words = (hash: string) => ({ port: 1, words: ['--expected-hash', hash] });
    expect(failureOf(await dryRun(authorized(), words('f'.repeat(64))))).toEqual(
      failure(3, 'HOLD_MANIFEST_HASH_UNEXPECTED'),
    );
    expect(printed(await dryRun(authorized(), { words: ['--expected-hash', HASH] })).readback).toEqual(MADE);
  });
});

test.each([
  ['names no endpoint', 'endpoint_ref = null', 'HOLD_ENDPOINT_MISSING'],
  ['names another endpoint', `endpoint_ref = 'http://elsewhere:8090/dispatch'`, 'HOLD_DRIFT'],
])('a contract that %s sends nothing anywhere', async (_title, change, code) => {
  const where = `where dot_code = 'DOT_C1_VOCAB_BUILD'`;
  const kept = await trial.value<string>(`select endpoint_ref as v from ${CONTRACTS} ${where}`);
  await trial.tamper([CONTRACTS], `update ${CONTRACTS} set ${change} ${where}`);
  const refused = await dryRun(authorized(), { port: 1 });
  await trial.tamper([CONTRACTS], `update ${CONTRACTS} set endpoint_ref = '${kept}' ${where}`);
  expect(failureOf(refused)).toEqual(failure(3, code));
  expect(printed(await dryRun(authorized())).readback).toEqual(MADE);
});
