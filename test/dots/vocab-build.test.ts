import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { canonicalJson, sha256Hex } from '../../domain/canonical.ts';
import { assertSummed, writeManifest } from '../../dots/vocab/files.ts';
import { GRANTS, putAuthority, putContracts, whileChanged } from './support/authority.ts';
import { createThrough, failure, failureOf, printed } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

const BIN = 'dot-c1-vocab-build';
const ACTIONS = 'public.apr_action_types';
const WHOLE_DIGEST = /[0-9a-f]{64}/i;

let trial: Trial;
let folder: string;
let before: string;
beforeAll(async () => {
  trial = await createTrial();
  folder = await mkdtemp(path.join(tmpdir(), 'manifest of c1-'));
  await createThrough(trial, 'manifest-function');
});
beforeEach(async () => {
  vi.unstubAllEnvs();
  before = await trial.fingerprint();
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await trial?.dispose();
});

const build = (words: readonly string[], stdin?: unknown) =>
  trial.runtime.bin(BIN, ['--cloud', ...words], stdin === undefined ? {} : { stdin });
const dryRun = (file: string, ...words: readonly string[]) => build(['--dry-run', '--manifest', file, ...words]);
const inFolder = (name: string) => path.join(folder, name);

describe('a dry run', () => {
  test('writes the exact bytes, whose hash three computations agree on, the same every time', async () => {
    const file = inFolder('manifest.json');
    const hashes: string[] = [];
    for (const _ of [1, 2]) {
      const answer = printed(await dryRun(file));
      expect(answer).toMatchObject({ code: 'OK_READ', mode: 'read', deltas: [], requestId: null });
      const bytes = await readFile(file);
      const hash = sha256Hex(bytes);
      const computations = { node: hash, postgresql: hash, sha256sum: hash };
      expect(answer.readback).toEqual({
        manifest_hash: hash,
        operations: 14,
        bytes: bytes.length,
        computations,
        agreeing: 3,
      });
      expect(execFileSync('sha256sum', [file], { encoding: 'utf8' })).toContain(hash);
      expect(bytes.toString('utf8')).toBe(canonicalJson(JSON.parse(bytes.toString('utf8'))));
      hashes.push(hash);
    }
    expect(new Set(hashes).size).toBe(1);
    expect(await readdir(folder)).toEqual(['manifest.json']);
    expect(await trial.fingerprint()).toBe(before);
  });

  test('takes the expected hash and stops at any other, before the file is touched', async () => {
    const file = inFolder('expected.json');
    const { manifest_hash } = printed(await dryRun(file)).readback as { manifest_hash: string };
    expect((await dryRun(file, '--expected-hash', manifest_hash)).exitCode).toBe(0);
    await rm(file);
    const other = await dryRun(file, '--expected-hash', 'f'.repeat(64));
    expect(failureOf(other)).toEqual(failure(3, 'HOLD_MANIFEST_HASH_UNEXPECTED'));
    expect(other.stderr).toContain(`${manifest_hash.slice(0, 12)}…`);
    expect(other.stderr).not.toMatch(WHOLE_DIGEST);
    expect(await readdir(folder)).not.toContain('expected.json');
  });

  test('says null for PostgreSQL while its function is not there, and never that three agree', async () => {
    const bare = await createTrial();
    const answer = printed(await bare.runtime.bin(BIN, ['--cloud', '--dry-run', '--manifest', inFolder('bare.json')]));
    await bare.dispose();
    expect(answer.readback).toMatchObject({ operations: 14, computations: { postgresql: null }, agreeing: 2 });
  });

  test('stops when PostgreSQL computes another hash, and the old file stays', async () => {
    const file = inFolder('kept.json');
    await writeFile(file, 'old');
    const source = await trial.value<string>(`select pg_get_functiondef('c1.manifest_bytes()'::regprocedure) as v`);
    await trial.tamper([], source.replace('LEGO1-C1-PLAN', 'LEGO2-C1-PLAN'));
    const other = await dryRun(file);
    await trial.tamper([], source);
    expect(failureOf(other)).toEqual(failure(3, 'HOLD_MANIFEST_NOT_REPRODUCED'));
    expect(await readFile(file, 'utf8')).toBe('old');
    expect((await dryRun(file)).exitCode).toBe(0);
  });

  test('stops without a sha256sum program, and when it says something else', async () => {
    const file = inFolder('program.json');
    const bytes = Buffer.from('{}');
    const write = () => writeManifest(file, bytes, sha256Hex(bytes));
    // What a dry run was answered with is in no file.
    const sum = () => assertSummed(bytes, sha256Hex(bytes));
    const stopped = expect.objectContaining({ code: 'HOLD_MANIFEST_NOT_REPRODUCED' });
    const programs = await mkdtemp(path.join(folder, 'programs-'));
    vi.stubEnv('PATH', programs);
    for (const either of [write, sum]) expect(either).toThrow(stopped);
    await writeFile(path.join(programs, 'sha256sum'), `#!/bin/sh\necho ${'0'.repeat(64)}\n`, { mode: 0o755 });
    for (const either of [write, sum]) expect(either).toThrow(stopped);
    await writeFile(path.join(programs, 'sha256sum'), '#!/bin/sh\nexit 1\n');
    for (const either of [write, sum]) expect(either).toThrow(stopped);
    vi.unstubAllEnvs();
    expect((await readdir(folder)).filter((name) => name.startsWith('program.json'))).toEqual([]);
    write();
    sum();
    expect(await readFile(file, 'utf8')).toBe('{}');
  });

  test('refuses a place that is no plain file, and leaves it and its neighbours as they are', async () => {
    await mkdir(inFolder('a folder'));
    await writeFile(inFolder('target'), 'of the link');
    await symlink(inFolder('target'), inFolder('a link'));
    execFileSync('mkfifo', [inFolder('a pipe')]);
    const seen = await readdir(folder);
    for (const place of [
      inFolder('a folder'),
      inFolder('a link'),
      inFolder('none/file'),
      inFolder('target/file'),
      inFolder('a pipe'),
    ]) {
      const refused = await dryRun(place);
      expect([place, failureOf(refused)]).toEqual([place, failure(1, 'ERROR_FILE_UNUSABLE')]);
      expect(refused.stderr).not.toContain(folder);
    }
    expect(await readdir(folder)).toEqual(seen);
    expect(await readFile(inFolder('target'), 'utf8')).toBe('of the link');
    expect((await dryRun(inFolder('target'))).exitCode).toBe(0);
  });
});

describe('a row of apr_action_types', () => {
  const BAD = [
    ['an empty code', `action_code = ''`, 'ERROR_PAYLOAD_INVALID', 1],
    ['no code', 'action_code = null', 'ERROR_PAYLOAD_INVALID', 1],
    ['a code of 10 MB', `action_code = repeat('x', 10000000)`, 'ERROR_PAYLOAD_INVALID', 1],
    ['another protocol version', `protocol_version = '2'`, 'REJECT_PROTOCOL_VERSION', 4],
    ['the code of another', `action_code = 'birth_record'`, 'REJECT_DUPLICATE_OPERATION', 4],
  ] as const;
  const WHERE = `where id = (select max(id) from ${ACTIONS} where action_code = 'tool_register' or id = $id)`;
  let id: number;
  let definition: readonly string[];

  // A host's table may be laxer than ours.
  beforeAll(async () => {
    id = await trial.value<number>(`select id as v from ${ACTIONS} where action_code = 'tool_register'`);
    definition = await trial.value<readonly string[]>(`select array_agg(format('alter table %s add constraint %I %s',
      conrelid::regclass, conname, pg_get_constraintdef(oid)) order by contype desc) as v from pg_constraint
      where conname in ('apr_action_types_action_code_key', 'apr_requests_action_code_fkey')`);
    await trial.tamper(
      [],
      'alter table public.apr_requests drop constraint apr_requests_action_code_fkey',
      `alter table ${ACTIONS} drop constraint apr_action_types_action_code_key, alter action_code drop not null`,
    );
  });
  afterAll(() => trial.tamper([], ...definition, `alter table ${ACTIONS} alter action_code set not null`));

  test.each(BAD)('with %s is refused by its code, and put right again is taken', async (_title, change, code, exit) => {
    await trial.tamper([ACTIONS], `update ${ACTIONS} set ${change} ${WHERE.replace('$id', String(id))}`);
    const refused = await dryRun(inFolder('row.json'));
    const right = `action_code = 'tool_register', protocol_version = '1'`;
    await trial.tamper([ACTIONS], `update ${ACTIONS} set ${right} where id = ${id}`);
    expect(failureOf(refused)).toEqual(failure(exit, code));
    expect(refused.stderr.length).toBeLessThan(500);
    expect(await readdir(folder)).not.toContain('row.json');
    expect((await dryRun(inFolder('row.json'))).exitCode).toBe(0);
    await rm(inFolder('row.json'));
    expect(await trial.fingerprint()).toBe(before);
  });
});

describe('a dispatch', () => {
  const GATE = {
    validated: true,
    endpoint_present: true,
    true_dry_run_possible: true,
    writes_db: false,
    write_obs: false,
  };
  const plan = (stdin?: unknown) => build(['--mode', 'PLAN_ONLY'], stdin);

  test('without contract is a HOLD; with it PLAN_ONLY is validated by gate and decision, and changes nothing', async () => {
    expect(failureOf(await plan())).toEqual(failure(3, 'HOLD_ADMISSION_MISSING_OR_INVALID'));
    expect(await trial.fingerprint()).toBe(before);
    await putContracts(trial);
    before = await trial.fingerprint();
    const { readback } = printed(await plan());
    const own = { mode: 'PLAN_ONLY', operations: 14, manifest_hash: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(readback).toEqual({ ...own, gate: GATE, checks: expect.any(Number) });
    expect(printed(await plan({ target: 'DRYRUN-NS:dot:c1:vocab', rollback: 'retire' })).readback).toEqual(readback);
    expect(await trial.fingerprint()).toBe(before);
  });

  test.each([
    ['a C2 target', { target: 'DRYRUN-NS:dot:c2:vocab' }, 4, 'REJECT_SCOPE_NOT_C1'],
    ['a production target', { target: 'production' }, 4, 'REJECT_PRODUCTION_TARGET'],
    ['a rollback by delete', { rollback: 'delete' }, 4, 'REJECT_ROLLBACK_DELETE'],
    ['another DOT', { dot_code: 'DOT_C2_VOCAB_BUILD' }, 4, 'REJECT_MALFORMED_REQUEST'],
    ['a real run inside', { mode: 'real_run' }, 4, 'C1_PROD_REAL_RUN_BLOCKED'],
    ['an unknown field', { force: true }, 4, 'REJECT_MALFORMED_REQUEST'],
    ['a list', [], 4, 'REJECT_MALFORMED_REQUEST'],
    ['a duplicate key', '{"target":"a","target":"b"}', 4, 'REJECT_MALFORMED_REQUEST'],
    ['no JSON', '{', 4, 'REJECT_MALFORMED_REQUEST'],
    ['half a character', '{"target":"\\ud800"}', 4, 'REJECT_MALFORMED_REQUEST'],
    ['more than a megabyte', JSON.stringify({ target: 'x'.repeat(2_000_000) }), 4, 'REJECT_MALFORMED_REQUEST'],
  ])('refuses %s', async (_title, stdin, exit, code) => {
    expect(failureOf(await plan(stdin))).toEqual(failure(exit, code));
    expect(await trial.fingerprint()).toBe(before);
  });

  test.each(['REAL_RUN', 'real_run', 'Real-Run', 'ＲＥＡＬ＿ＲＵＮ'])('in %s is blocked', async (mode) => {
    expect(failureOf(await build(['--mode', mode]))).toEqual(failure(4, 'C1_PROD_REAL_RUN_BLOCKED'));
    expect(await trial.fingerprint()).toBe(before);
  });

  test('in PLAN_ONLY looks at no grant', async () => {
    const { manifest_hash } = printed(await plan()).readback as { manifest_hash: string };
    await putAuthority(trial, manifest_hash, ['birth_record']);
    before = await trial.fingerprint();
    await whileChanged(trial, GRANTS, `status = 'revoked'`, async () => expect((await plan()).exitCode).toBe(0));
    expect(await trial.fingerprint()).toBe(before);
  });

  test.each(['VERIFY_ONLY', 'plan_only', 'EXPLAIN', ''])('in %j is malformed', async (mode) => {
    expect(failureOf(await build(['--mode', mode]))).toEqual(failure(4, 'REJECT_MALFORMED_REQUEST'));
  });
});

describe('a command line', () => {
  test.each([
    ['that asks for nothing', []],
    ['that asks for both', ['--dry-run', '--manifest', 'x', '--mode', 'PLAN_ONLY']],
    ['with a dry run without file', ['--dry-run']],
    ['with a file without dry run', ['--mode', 'PLAN_ONLY', '--manifest', 'x']],
    ['with a hash that is none', ['--mode', 'PLAN_ONLY', '--expected-hash', 'ABC']],
    ['with a flag twice', ['--mode', 'PLAN_ONLY', '--mode', 'PLAN_ONLY']],
    ['with an unknown flag', ['--mode', 'PLAN_ONLY', '--force']],
  ])('%s is a usage error', async (_title, words) => {
    expect(failureOf(await build(words))).toEqual(failure(64, 'ERROR_USAGE'));
    expect(await trial.fingerprint()).toBe(before);
  });

  test('without --cloud is a usage error; help and version need no database', async () => {
    expect(failureOf(await trial.runtime.bin(BIN, ['--mode', 'PLAN_ONLY']))).toEqual(failure(64, 'ERROR_USAGE'));
    const [help, version, away] = await trial.withConfig({ port: 1 }, () =>
      Promise.all([
        trial.runtime.bin(BIN, ['--help']),
        trial.runtime.bin(BIN, ['--version']),
        build(['--mode', 'PLAN_ONLY']),
      ]),
    );
    expect(help.stdout).toContain('--expected-hash');
    expect(version.stdout).toBe(`${BIN} 1.0.0 DOT_C1_VOCAB_BUILD`);
    expect(failureOf(away)).toEqual(failure(1, 'ERROR_RUNTIME_UNREACHABLE'));
  });
});

test('the bin reads in one transaction that only reads', async () => {
  const { statements } = trial.proxy;
  const from = statements.length;
  expect((await build(['--mode', 'PLAN_ONLY'])).exitCode).toBe(0);
  const sent = statements.slice(from);
  expect(sent.findIndex((text) => text.startsWith('begin isolation level repeatable read read only'))).toBe(0);
  expect(sent.length).toBeGreaterThan(3);
});
