import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson, sha256Hex } from '../../domain/canonical.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { APR, CONTRACTS, GRANTS, OWNERSHIPS, putAuthority, putContracts, whileChanged } from './support/authority.ts';
import { createThrough, failure, failureOf, printed } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

const BIN = 'dot-c1-vocab-verify';

let trial: Trial;
let folder: string;
let good: string;
let text: string;
let manifest: Manifest;
let before: string;
beforeAll(async () => {
  trial = await createTrial();
  folder = await mkdtemp(path.join(tmpdir(), 'verify-'));
  good = path.join(folder, 'manifest.json');
  await createThrough(trial, 'manifest-function');
  await trial.runtime.bin('dot-c1-vocab-build', ['--cloud', '--dry-run', '--manifest', good]);
  text = await readFile(good, 'utf8');
  manifest = JSON.parse(text) as Manifest;
});
beforeEach(async () => {
  before = await trial.fingerprint();
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await trial?.dispose();
});

const verify = (file: string) => trial.runtime.bin(BIN, ['--cloud', '--manifest', file]);
const explain = (stdin: unknown) => trial.runtime.bin(BIN, ['--cloud', '--explain'], { stdin });
const hash = () => sha256Hex(text);
const codes = () => manifest.operations.map(({ operation_code }) => operation_code);

async function fileWith(content: string | Buffer): Promise<string> {
  const file = path.join(folder, 'other.json');
  await writeFile(file, content);
  return file;
}

describe('before anything is granted', () => {
  test('a manifest is refused for want of a grant, then of a contract, and accepted with both', async () => {
    expect(failureOf(await verify(good))).toEqual(failure(4, 'REJECT_NO_GRANT'));
    expect(await trial.fingerprint()).toBe(before);
    await putAuthority(trial, hash(), codes());
    expect(failureOf(await verify(good))).toEqual(failure(3, 'HOLD_ADMISSION_MISSING_OR_INVALID'));
    await putContracts(trial);
    before = await trial.fingerprint();
    for (const _ of [1, 2]) {
      const answer = printed(await verify(good));
      expect(answer).toMatchObject({ code: 'OK_READ', mode: 'read', deltas: [], requestId: null });
      expect(answer.readback).toEqual({
        ...{ dot_code: 'DOT_C1_VOCAB_VERIFY', mode: 'VERIFY_ONLY', operations: 14, checks: expect.any(Number) },
        ...{ manifest_hash: hash(), auth_code: `GBA-C1-${APR}` },
        gate: expect.objectContaining({ validated: true, writes_db: false }),
      });
    }
    expect(await trial.fingerprint()).toBe(before);
  });
});

/** From here on everything is there: a refusal comes of the one fault. */
describe('a manifest file', () => {
  const changed = (change: (copy: Manifest) => object) => (): string => canonicalJson(change(manifest) as never);
  const [first, ...others] = [0, 1, 2].map((at) => () => manifest.operations[at]);
  const withOperations = (operations: () => readonly unknown[]) =>
    changed((copy) => ({ ...copy, operations: operations() }));

  const BAD: readonly (readonly [title: string, content: () => string | Buffer, code: string])[] = [
    [
      'with an extra value',
      withOperations(() => [...manifest.operations, { ...first?.(), operation_code: 'zz' }]),
      'REJECT_ACTION_SET_MISMATCH',
    ],
    ['with a missing value', withOperations(() => manifest.operations.slice(1)), 'REJECT_ACTION_SET_MISMATCH'],
    [
      'with an operation twice',
      withOperations(() => [first?.(), first?.(), ...others.map((one) => one())]),
      'REJECT_DUPLICATE_OPERATION',
    ],
    ['in another order', withOperations(() => manifest.operations.toReversed()), 'REJECT_MANIFEST_HASH_MISMATCH'],
    ['of another protocol version', changed((copy) => ({ ...copy, protocol_version: '2' })), 'REJECT_PROTOCOL_VERSION'],
    ['of another carrier', changed((copy) => ({ ...copy, carrier: 'C2' })), 'REJECT_WRONG_CARRIER'],
    ['of another lane', changed((copy) => ({ ...copy, lane: 'real_run' })), 'REJECT_WRONG_LANE'],
    ['of another plan', changed((copy) => ({ ...copy, plan: 'LEGO2' })), 'REJECT_WRONG_PLAN'],
    ['for production', changed((copy) => ({ ...copy, output_namespace: 'production' })), 'REJECT_PRODUCTION_TARGET'],
    ['with bytes that are not canonical', () => `${text}\n`, 'REJECT_MANIFEST_HASH_MISMATCH'],
    ['with spaces', () => JSON.stringify(JSON.parse(text), null, 2), 'REJECT_MANIFEST_HASH_MISMATCH'],
    ['that says its own hash', changed((copy) => ({ ...copy, hash: hash() })), 'REJECT_MANIFEST_HASH_MISMATCH'],
    ['with an unknown key', changed((copy) => ({ ...copy, extra: 1 })), 'REJECT_MALFORMED_REQUEST'],
    ['with a key twice', () => text.replace('{', '{"carrier":"C1",'), 'REJECT_MALFORMED_REQUEST'],
    ['with half a character', () => text.replace('"C1"', '"C1\\ud800"'), 'REJECT_MALFORMED_REQUEST'],
    ['with an unsafe number', () => text.replace('"C1"', '9007199254740993'), 'REJECT_MALFORMED_REQUEST'],
    ['that is no UTF-8', () => Buffer.from([0x7b, 0xff, 0x7d]), 'REJECT_MALFORMED_REQUEST'],
    ['that is cut', () => text.slice(0, -1), 'REJECT_MALFORMED_REQUEST'],
    ['that is empty', () => '', 'REJECT_MALFORMED_REQUEST'],
    ['that is a list', () => `[${text}]`, 'REJECT_MALFORMED_REQUEST'],
    ['that is a text', () => '"manifest"', 'REJECT_MALFORMED_REQUEST'],
    ['that is null', () => 'null', 'REJECT_MALFORMED_REQUEST'],
    ['of 20 MB', () => Buffer.alloc(20_000_000, ' '), 'REJECT_MALFORMED_REQUEST'],
  ];

  test.each(BAD)('%s is refused', async (_title, content, code) => {
    const refused = await verify(await fileWith(content()));
    expect([refused.stderr, failureOf(refused)]).toEqual([refused.stderr, failure(4, code)]);
    expect(await trial.fingerprint()).toBe(before);
  });

  test('that is not there is missing; a folder or a device in its place cannot be used', async () => {
    expect(failureOf(await verify(path.join(folder, 'none.json')))).toEqual(failure(4, 'REJECT_MANIFEST_MISSING'));
    await mkdir(path.join(folder, 'folder'));
    const refused = await verify(path.join(folder, 'folder'));
    expect(failureOf(refused)).toEqual(failure(1, 'ERROR_FILE_UNUSABLE'));
    expect(refused.stderr).not.toContain(folder);
    expect(failureOf(await verify('/dev/null'))).toEqual(failure(1, 'ERROR_FILE_UNUSABLE'));
  });

  test('that is the good one is accepted after all of these', async () => {
    expect((await verify(good)).exitCode).toBe(0);
  });
});

describe('a live row', () => {
  const ACTIONS = 'public.apr_action_types';
  test.each([
    [GRANTS, `status = 'consumed'`, 'REJECT_AUTH_ALREADY_CONSUMED'],
    [GRANTS, `status = 'revoked'`, 'REJECT_AUTH_REVOKED'],
    [GRANTS, `status = 'expired'`, 'REJECT_AUTH_EXPIRED'],
    [GRANTS, `expires_at = granted_at + '1 microsecond'`, 'REJECT_AUTH_EXPIRED'],
    [GRANTS, `granted_at = now() - '10 hours'::interval`, 'REJECT_AUTH_STALE'],
    [GRANTS, `carrier = 'C2'`, 'REJECT_WRONG_CARRIER'],
    [GRANTS, `lane = 'real_run'`, 'REJECT_WRONG_LANE'],
    [GRANTS, `plan_ref = 'LEGO2'`, 'REJECT_WRONG_PLAN'],
    [GRANTS, `manifest_hash = repeat('a', 64)`, 'REJECT_MANIFEST_HASH_MISMATCH'],
    [GRANTS, `action_set = array['birth_record']`, 'REJECT_ACTION_SET_MISMATCH'],
    [GRANTS, `carrier = '*'`, 'REJECT_GENERIC_GRANT'],
    [GRANTS, 'single_use = false', 'REJECT_GENERIC_GRANT'],
    [GRANTS, 'commit_allowed = true', 'REJECT_SCOPE_NOT_C1'],
    [GRANTS, `scope = scope || '{"namespace":"production"}'`, 'REJECT_PRODUCTION_TARGET'],
    [GRANTS, `rollback_plan_ref = 'delete'`, 'REJECT_ROLLBACK_DELETE'],
    [OWNERSHIPS, `status = 'retired'`, 'REJECT_OWNERSHIP_MISSING'],
    [
      ACTIONS,
      `status = case action_code when 'birth_record' then 'inactive' else status end`,
      'REJECT_ACTION_SET_MISMATCH',
    ],
    ['public.dot_runtime_gate', 'real_run_enabled = true', 'C1_PROD_REAL_RUN_BLOCKED'],
    [CONTRACTS, `contract_status = 'retired'`, 'HOLD_ADMISSION_MISSING_OR_INVALID'],
  ] as const)('of %s with %s is refused, and as it was accepted', async (table, change, code) => {
    await whileChanged(trial, table, change, async () => {
      const refused = await verify(good);
      const exit = code.startsWith('HOLD') ? 3 : 4;
      expect([refused.stderr, failureOf(refused)]).toEqual([refused.stderr, failure(exit, code)]);
    });
    expect((await verify(good)).exitCode).toBe(0);
    expect(await trial.fingerprint()).toBe(before);
  });

  test('of another carrier beside the grant of C1 is none of its business', async () => {
    const other = { auth_code: 'GBA-C2-APR-2025-0007', carrier: 'C2', request_ref: 'APR-2025-0007' };
    await trial.tamper(
      [GRANTS],
      `insert into ${GRANTS} select (jsonb_populate_record(null::${GRANTS}, to_jsonb(g) || '${JSON.stringify(other)}'
         || jsonb_build_object('granted_at', g.granted_at + '1 second'::interval))).* from ${GRANTS} g`,
    );
    const beside = await verify(good);
    await trial.tamper([GRANTS], `delete from ${GRANTS} where carrier = 'C2'`);
    expect([beside.stderr, beside.exitCode]).toEqual([beside.stderr, 0]);
    expect(await trial.fingerprint()).toBe(before);
  });

  test('of the votes: a denial takes the quorum away', async () => {
    const votes = 'public.apr_approvals';
    await whileChangedVote(votes, async () => {
      expect(failureOf(await verify(good))).toEqual(failure(4, 'REJECT_NO_QUORUM'));
    });
    expect((await verify(good)).exitCode).toBe(0);
  });

  async function whileChangedVote(votes: string, work: () => Promise<void>): Promise<void> {
    const where = `where apr_code = '${APR}' and voter = 'voter_owner_1'`;
    await trial.tamper([votes], `update ${votes} set decision = 'deny' ${where}`);
    await work();
    await trial.tamper([votes], `update ${votes} set decision = 'approve' ${where}`);
  }
});

describe('--explain', () => {
  const grantNow = () => trial.value<Record<string, unknown>>(`select to_jsonb(g) as v from ${GRANTS} g`);
  const asked = () => ({
    dot_code: 'DOT_C1_VOCAB_VERIFY',
    mode: 'VERIFY_ONLY',
    manifest: { ...manifest, hash: hash() },
  });

  test('decides on supposed records as on live ones, says which were supposed, and changes nothing', async () => {
    const live = printed(await explain({ asked: asked() }));
    expect(live.readback).toMatchObject({
      supposed: [],
      decision: { mode: 'VERIFY_ONLY', auth_code: `GBA-C1-${APR}` },
    });
    const grant = await grantNow();
    const supposed = printed(await explain({ asked: asked(), grant, facts: { quorum: true }, gates: {} }));
    expect(supposed.readback).toMatchObject({ supposed: ['grant', 'facts', 'gates'] });
    expect(await trial.fingerprint()).toBe(before);
  });

  test.each([
    ['REJECT_NO_GRANT', () => null, {}],
    ['REJECT_GRANT_UNBOUND', (grant: object) => ({ ...grant, manifest_hash: null }), {}],
    ['REJECT_AUTH_NOT_ACTIVE', (grant: object) => ({ ...grant, status: 'draft' }), {}],
    [
      'REJECT_AUTH_STALE',
      (grant: object) => ({ ...grant, granted_at: '2020-01-01T00:00:00Z', expires_at: '2020-01-02T00:00:00Z' }),
      { gates: { now: '2020-01-01T12:00:00Z' } },
    ],
    ['REJECT_NO_QUORUM', (grant: object) => grant, { facts: { quorum: false } }],
    ['REJECT_OWNERSHIP_MISSING', (grant: object) => grant, { facts: { ownership: null } }],
    ['REJECT_MALFORMED_REQUEST', (grant: object) => ({ ...grant, more: 1 }), {}],
    ['REJECT_MALFORMED_REQUEST', (grant: object) => grant, { facts: { quorum: 'yes' } }],
    ['C1_PROD_REAL_RUN_BLOCKED', (grant: object) => grant, { gates: { execute_enabled: true } }],
  ] as const)('gives %s, and accepts the same made good', async (code, of, more) => {
    const grant = await grantNow();
    expect(failureOf(await explain({ asked: asked(), grant: of(grant), ...more }))).toEqual(failure(4, code));
    expect((await explain({ asked: asked(), grant })).exitCode).toBe(0);
    expect(await trial.fingerprint()).toBe(before);
  });

  test('gives REJECT_SEMANTIC_REWRITE for a row that is there with another meaning', async () => {
    const row = {
      operation_code: 'birth_record',
      protocol_version: '1',
      status: 'active',
      semantic_definition: 'a birth',
    };
    const facts = { vocabulary: [row] };
    const rewrite = { ...asked(), rows: [{ ...row, semantic_definition: 'a death' }] };
    expect(failureOf(await explain({ asked: rewrite, facts }))).toEqual(failure(4, 'REJECT_SEMANTIC_REWRITE'));
    expect((await explain({ asked: { ...asked(), rows: [row] }, facts })).exitCode).toBe(0);
  });

  test.each([
    ['nothing', undefined],
    ['no request', {}],
    ['an unknown part', { asked: {}, consume: true }],
    ['a list', []],
    ['a key twice', '{"asked":{},"asked":{}}'],
  ])('refuses %s', async (_title, stdin) => {
    expect(failureOf(await explain(stdin))).toEqual(failure(4, 'REJECT_MALFORMED_REQUEST'));
  });

  test('explains a real run as blocked', async () => {
    expect(failureOf(await explain({ asked: { mode: 'real run' } }))).toEqual(failure(4, 'C1_PROD_REAL_RUN_BLOCKED'));
  });
});

describe('a command line', () => {
  test('with --consume needs both authorizations, and leaves the grant as it is without them', async () => {
    const refused = await trial.runtime.bin(BIN, ['--cloud', '--consume', '--manifest', good], { stdin: '{}' });
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_DRYRUN_NOT_AUTHORIZED'));
    expect(await trial.value(`select status as v from ${GRANTS}`)).toBe('active');
    expect(await trial.fingerprint()).toBe(before);
  });

  test.each([[[]], [['--consume']], [['--explain', '--manifest', 'x']], [['--mode', 'REAL_RUN']]])(
    '%j is a usage error',
    async (words) => {
      expect(failureOf(await trial.runtime.bin(BIN, ['--cloud', ...words]))).toEqual(failure(64, 'ERROR_USAGE'));
    },
  );
});
