import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PREFLIGHT_CHECKS } from '../../domain/readiness/preflight.ts';
import { startExecutor, stopExecutor } from '../../runtime/executor.ts';
import { SILENT } from '../../runtime/reporter.ts';
import { CONTRACTS, GRANTS, OWNERSHIPS, whileChanged } from '../dots/support/authority.ts';
import { failure, failureOf, printed } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';
import { createReadyTrial, type ReadyTrial } from './support/ready.ts';

const BIN = 'dot-c1-preflight';

let ready: ReadyTrial;
let trial: Trial;
let before: string;
beforeAll(async () => {
  ready = await createReadyTrial();
  trial = ready.trial;
  before = await trial.fingerprint();
}, 120_000);
afterAll(() => ready?.dispose());

const preflight = (stdin?: unknown) => trial.runtime.bin(BIN, ['--cloud'], stdin === undefined ? {} : { stdin });

test('is READY when all eight hold, says what it saw of each, and writes nothing', async () => {
  const definitions = { W7: 'a'.repeat(64) };
  const answer = await preflight({ definitions, grant_generation: 1, evidence_generation: 1 });
  expect([answer.stderr, answer.exitCode]).toEqual([answer.stderr, 0]);
  const { code, readback } = printed(answer);
  expect(code).toBe('OK_READ');
  const { checks, ...said } = readback as { checks: readonly { number: number; ok: boolean; seen: string }[] };
  expect(said).toEqual({
    verdict: 'REHEARSAL READY',
    held: '8/8',
    proven_for: { definitions, grant_generation: 1, evidence_generation: 1 },
  });
  expect(checks.map(({ number, ok }) => [number, ok])).toEqual(PREFLIGHT_CHECKS.map(({ number }) => [number, true]));
  expect(checks.map(({ seen }) => seen)).toEqual([
    'primary key ["operation_code", "protocol_version"], guards ["a_assert_dot", "a_refuse_truncate", "b_write_once"], 0 rows',
    '1 active rows',
    '8 of 8 whole; 0 orphans; CAT-006 counts 317 of 317 tools',
    'producer bound, verifier ready, KG rows unchanged',
    '1 live, 1 in time, 1 bound to the manifest as it is now, 1 single-use and unused',
    '1 active rows',
    'dry_run_only=true, execute_enabled=false, real_run_enabled=false',
    'agent-api-executor-local:c1-v1 healthy, writes_db:false, PLAN_ONLY validated, KG unchanged; 7 things looked at',
  ]);
  expect(Buffer.byteLength(answer.stdout)).toBeLessThan(16 * 1024);
  expect(await trial.fingerprint()).toBe(before);
});

describe('V1 to V7 of seed 004, word for word', () => {
  const file = path.resolve(import.meta.dirname, 'support/seed-004.sql');
  /** V2 names the constraint as PostgreSQL does; V4 and V5 are what W4 and W5 register. */
  const expected = [
    '1|1',
    'governance_canonical_operation_vocab_pkey|p',
    '1',
    'DOT_C1_VOCAB_BUILD|dot-c1-vocab-build|governance|covered',
    'DOT_C1_VOCAB_VERIFY|dot-c1-vocab-verify|governance|covered',
    'DOT_C1_VOCAB_BUILD|producer|DRY_RUN|DRYRUN-NS:dot:c1:vocab|t|http://incomex-agent-api-executor:8090/dispatch|endpoint_bound',
    'DOT_C1_VOCAB_VERIFY|verifier|VERIFY_ONLY|DRYRUN-NS:dot:c1:vocab|t||contract_ready',
    '1',
    '1',
  ];

  test('give the expected values to whoever reads the database', async () => {
    const pool = await trial.runtime.pool('auditor_ro');
    const answers = await pool.query({ text: readFileSync(file, 'utf8'), rowMode: 'array' });
    const rows = ([answers].flat() as { rows: unknown[][] }[]).flatMap((answer) => answer.rows);
    const shown = rows.map((row) => row.map((value) => (value === true ? 't' : (value ?? ''))).join('|'));
    expect(shown.toSorted()).toEqual(expected.toSorted());
  });

  test.skipIf(spawnSync('psql', ['--version']).error !== undefined)('and to psql', () => {
    const { paths, port, database } = trial.runtime;
    const words = ['-X', '-At', '-h', '127.0.0.1', '-p', `${port}`, '-U', 'auditor_ro', '-d', database, '-f', file];
    const PGPASSWORD = readFileSync(path.join(paths.secrets, 'auditor_ro'), 'utf8').trim();
    const { stdout, stderr, status } = spawnSync('psql', words, {
      encoding: 'utf8',
      env: { ...process.env, PGPASSWORD },
    });
    expect([stderr, status]).toEqual(['', 0]);
    expect(stdout.trim().split('\n').toSorted()).toEqual(expected.toSorted());
  });
});

describe('each condition broken alone', () => {
  const TABLE = 'c1.governance_canonical_operation_vocab';
  const unguard = `alter table ${TABLE} disable trigger b_write_once`;
  const guard = `alter table ${TABLE} enable always trigger b_write_once`;

  test('1: a table without its write-once guard', async () => {
    await trial.tamper([], unguard);
    await held(1, 'surface', '["a_assert_dot", "a_refuse_truncate"]', 'W3');
    await trial.tamper([], guard);
    await good();
  });

  test.each([
    [2, 'table_registry', 'public.table_registry', `status = 'archived'`, '0 active rows', 'W3'],
    [3, 'tools', 'public.birth_registry', `status = 'retired'`, 'DOT_C1_BAD_INPUT_HARNESS without birth', 'W4'],
    [4, 'contracts', CONTRACTS, `contract_status = 'draft'`, 'producer not bound, verifier not ready', 'W5'],
    [5, 'grant', GRANTS, `manifest_hash = repeat('a', 64)`, '0 bound to the manifest', 'W7'],
    [6, 'ownership', OWNERSHIPS, `status = 'retired'`, '0 active rows', 'W7'],
    [7, 'gates', 'public.dot_runtime_gate', 'execute_enabled = true', 'execute_enabled=true', 'who opened a gate'],
  ] as const)('%i (%s)', async (number, name, table, change, seen, step) => {
    await whileChanged(trial, table, change, () => held(number, name, seen, step));
    await good();
  });

  test('8: no executor answers', async () => {
    await stopExecutor(trial.runtime.paths);
    await held(8, 'executor', 'ERROR_EXECUTOR_UNHEALTHY', 'W6');
    await startExecutor(trial.runtime.paths, SILENT);
    await good();
  });
});

describe('what is weaker than it looks', () => {
  test.each([
    [5, GRANTS, `expires_at = now()`, '0 in time'],
    [5, GRANTS, `status = 'revoked'`, '0 live'],
    [5, GRANTS, 'single_use = false', '0 single-use'],
    [3, 'public.admission_record', `status = 'retired'`, 'without admission'],
    [3, 'public.meta_catalog', 'record_count = 316', 'counts 316 of 317'],
    [4, CONTRACTS, `endpoint_ref = 'http://elsewhere/dispatch'`, 'KG rows changed'],
    [7, 'public.dot_runtime_gate', 'dry_run_only = false', 'dry_run_only=false'],
  ] as const)('%i: %s with %s', async (number, table, change, seen) => {
    const { name } = PREFLIGHT_CHECKS[number - 1] ?? { name: '' };
    await whileChanged(trial, table, change, () => held(number, name, seen, 'Next'));
    await good();
  });

  test('3: a birth that belongs to none of the eight', async () => {
    const births = 'public.birth_registry';
    await trial.tamper(
      [births],
      `insert into ${births} select (jsonb_populate_record(null::${births}, to_jsonb(b) || '{"dot_code":"DOT_C1_NINTH"}')).*
         from ${births} b where b.dot_code = 'DOT_C1_PREFLIGHT'`,
    );
    await held(3, 'tools', '1 orphans: DOT_C1_NINTH', 'W4');
    await trial.tamper([births], `delete from ${births} where dot_code = 'DOT_C1_NINTH'`);
    await good();
  });

  test('4: a row of KG that somebody changed', async () => {
    const change = (by: string) =>
      trial.tamper([CONTRACTS], `update ${CONTRACTS} set error_behavior = '${by}' where dot_code = 'DOT_KG_EXPLAIN'`);
    await change('fail_open');
    await held(4, 'contracts', 'producer bound, verifier ready, KG rows changed', 'W5');
    await change('fail_closed_no_mutation');
    await good();
  });

  test('a view that says yes to everything is none', async () => {
    const view = 'c1.v_c1_dryrun_preflight';
    await trial.tamper(
      [],
      `alter view ${view} rename to kept`,
      `create view ${view} as select n as number, 'x' as name, true as ok, 'y' as expected, 'z' as seen from generate_series(1, 7) n`,
      `grant select on ${view} to c1_reader`,
    );
    const refused = await preflight();
    await trial.tamper([], `drop view ${view}`, 'alter view c1.kept rename to v_c1_dryrun_preflight');
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_DRIFT'));
    await good();
  });

  test('before W3 it is the surface that is missing', async () => {
    const bare = await createTrial();
    const refused = await bare.runtime.bin(BIN, ['--cloud']);
    await bare.dispose();
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_PREFLIGHT_NOT_READY'));
    expect(refused.stderr).toContain('check 1 (surface)');
    expect(refused.stderr).toContain('step W3');
  });
});

test.each([
  ['a list', []],
  ['another field', { definitions: {}, grant_generation: 1, evidence_generation: 1, more: 1 }],
  ['no digest', { definitions: { W7: 'x' }, grant_generation: 1, evidence_generation: 1 }],
])('a request that is %s is refused', async (_title, stdin) => {
  expect(failureOf(await preflight(stdin))).toEqual(failure(1, 'ERROR_PAYLOAD_INVALID'));
});

async function held(number: number, name: string, seen: string, next: string): Promise<void> {
  const refused = await preflight();
  expect([refused.stderr, failureOf(refused)]).toEqual([refused.stderr, failure(3, 'HOLD_PREFLIGHT_NOT_READY')]);
  expect(refused.stderr).toContain(`check ${number} (${name}): `);
  expect(refused.stderr).toContain(seen);
  expect(refused.stderr.slice(refused.stderr.indexOf('Next'))).toContain(next);
}

async function good(): Promise<void> {
  const answer = await preflight();
  expect([answer.stderr, answer.exitCode]).toEqual([answer.stderr, 0]);
}
