import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import pWaitFor from 'p-wait-for';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { EXECUTOR_C1, EXECUTOR_V1, type ExecutorBuild } from '../../domain/executor.ts';
import { executorFolder, readDeployment } from '../../executor/deploy/folder.ts';
import { installExecutor, startExecutor, stopExecutor } from '../../runtime/executor.ts';
import { SILENT } from '../../runtime/reporter.ts';
import { codeOf, failure, failureOf } from '../dots/support/rows.ts';
import type { Trial } from '../dots/support/trial.ts';
import { createC1Trial } from '../executor/support/c1-runtime.ts';

/** W6 (steps.md, "Stops"): KG dispatch regresses, or the C1 branch can open a writable transaction. The real releases. */
const LIMIT = { timeout: 30_000, interval: 10 };

let trial: Trial;
let build: ExecutorBuild;
let address: string;

beforeAll(async () => {
  trial = await createC1Trial();
  const { paths, port, database } = trial.runtime;
  const { buildFolder, built } = inject('testServer');
  await installExecutor({ paths, buildFolder, built, port, database });
  await startExecutor(paths, SILENT);
  const folder = executorFolder(paths.executor);
  build = JSON.parse(await readFile(folder.build, 'utf8'));
  const { listen } = JSON.parse(await readFile(folder.config, 'utf8'));
  address = `http://${listen.host}:${listen.port}`;
});

afterAll(async () => {
  await stopExecutor(trial.runtime.paths);
  await trial.dispose();
});

test('deployed, it validates C1 without a write, blocks REAL_RUN, and answers KG as before', async () => {
  const kg = await ask('DOT_KG_EXPLAIN', 'PLAN_ONLY');
  expect(await ask('DOT_C1_VOCAB_BUILD', 'PLAN_ONLY')).toMatchObject({ status: 403 });
  const before = await trial.fingerprint();
  const deployed = await deploy(EXECUTOR_C1);
  expect(JSON.parse(deployed.stdout)).toMatchObject({ code: 'OK_APPLIED', before: build.v1, after: build.c1 });
  const plan = await ask('DOT_C1_VOCAB_BUILD', 'PLAN_ONLY');
  expect(plan).toMatchObject({ status: 200, body: expect.stringContaining('"validated":true') });
  expect(plan.body).toContain('"writes_db":false');
  expect(await ask('DOT_C1_VOCAB_BUILD', 'real_run')).toMatchObject({
    status: 403,
    body: expect.stringContaining('C1_PROD_REAL_RUN_BLOCKED'),
  });
  expect(await ask('DOT_KG_EXPLAIN', 'PLAN_ONLY')).toEqual(kg);
  expect(JSON.parse((await deploy(EXECUTOR_C1)).stdout)).toMatchObject({ code: 'NOOP_ALREADY_THERE' });
  expect(JSON.parse((await verify()).stdout)).toMatchObject({ code: 'OK_READ', release: build.c1, checked: 5 });
  expect(await trial.fingerprint()).toBe(before);
});

test('a write as its login is refused by the role, and in its transactions by their mode', async () => {
  const pool = await trial.runtime.pool('executor_ro');
  const client = await pool.connect();
  await client.query('begin read only');
  await expect(client.query(`update public.dot_tools set status = 'retired'`)).rejects.toMatchObject({ code: '25006' });
  await client.query('rollback');
  await client.query('begin read write');
  await expect(client.query(`update public.dot_tools set status = 'retired'`)).rejects.toMatchObject({ code: '42501' });
  await client.query('rollback');
  client.release();
});

test('an endpoint that somebody ended is no passed gate; deployed again it serves', async () => {
  await stopExecutor(trial.runtime.paths);
  expect(failureOf(await verify())).toEqual(failure(1, 'ERROR_EXECUTOR_UNHEALTHY'));
  expect(JSON.parse((await deploy(EXECUTOR_C1)).stdout)).toMatchObject({ code: 'NOOP_ALREADY_THERE' });
  expect((await verify()).exitCode).toBe(0);
});

test('a KG contract that changes under it is a regression, put back it is none', async () => {
  const table = 'public.dot_agent_api_contract';
  const set = (mode: string) =>
    trial.tamper([table], `update ${table} set mode = '${mode}' where dot_code = 'DOT_KG_EXPLAIN'`);
  const mode = await trial.value<string>(`select mode as v from ${table} where dot_code = 'DOT_KG_EXPLAIN'`);
  await set('VERIFY_ONLY');
  const held = await verify();
  await set(mode);
  expect(failureOf(held)).toEqual(failure(3, 'HOLD_EXECUTOR_REGRESSION'));
  expect((await verify()).exitCode).toBe(0);
});

test.each([
  ['while it tries the release out', () => trialRuns()],
  ['right after the switch', () => readDeployment(folder())?.status === 'deploying'],
])('killed %s, the next deploy comes to its end and leaves nothing behind', async (_title, isReached) => {
  await deploy(EXECUTOR_V1);
  const child = start(EXECUTOR_C1);
  await pWaitFor(isReached, LIMIT);
  child.kill('SIGKILL');
  await pWaitFor(() => child.signalCode !== null, LIMIT);
  expect(JSON.parse((await deploy(EXECUTOR_C1)).stdout)).toMatchObject({ code: 'OK_APPLIED', after: build.c1 });
  expect((await verify()).exitCode).toBe(0);
  await pWaitFor(() => services().length === 1, LIMIT);
});

test('taken back, v1 serves and C1 is unknown; two at once come to the same', async () => {
  const both = await Promise.all([deploy(EXECUTOR_V1), deploy(EXECUTOR_V1)]);
  expect(both.map(({ stdout }) => JSON.parse(stdout).code).toSorted()).toEqual(['NOOP_ALREADY_THERE', 'OK_APPLIED']);
  expect(await ask('DOT_C1_VOCAB_BUILD', 'PLAN_ONLY')).toMatchObject({ status: 403 });
  expect(services()).toHaveLength(1);
});

test.each([
  ['an unknown release', ['--release', 'agent-api-executor-local:v9']],
  ['a digest that is none', ['--release', EXECUTOR_C1, '--digest', 'ABC']],
  ['a limit of nothing', ['--release', EXECUTOR_C1, '--limit', '0']],
  ['neither a release nor a look', ['--cloud']],
  ['both', ['--verify', '--release', EXECUTOR_C1]],
  ['an unknown flag', ['--force']],
])('%s is a usage error', async (_title, words) => {
  const before = readFileSync(folder().deployed, 'utf8');
  expect(failureOf(await executorDeploy(words))).toEqual(failure(64, 'ERROR_USAGE'));
  expect(readFileSync(folder().deployed, 'utf8')).toBe(before);
});

test('a digest that nothing has is a HOLD', async () => {
  const refused = await executorDeploy(['--release', EXECUTOR_C1, '--digest', 'd'.repeat(64)]);
  expect(codeOf(refused)).toBe('HOLD_EXECUTOR_RELEASE');
});

const folder = () => executorFolder(trial.runtime.paths.executor);
const program = () => path.join(folder().root, 'bin', 'executor-deploy');
const deploy = (release: string) => executorDeploy(['--cloud', '--step', 'W6', '--release', release]);
const verify = () => executorDeploy(['--verify']);

async function executorDeploy(words: readonly string[]) {
  const { exitCode = -1, stdout, stderr } = await execa(program(), words, { reject: false, stdin: 'ignore' });
  return { exitCode, stdout, stderr };
}

function start(release: string): ChildProcess {
  return spawn(program(), ['--cloud', '--release', release], { stdio: 'ignore' });
}

/** Command lines of everything that runs a release of this folder. */
function services(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => cmdline(pid))
    .filter((line) => line.includes(`${folder().releases}/`));
}

const trialRuns = () => services().some((line) => line.endsWith('/config/trial.json'));

function cmdline(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean).join(' ');
  } catch {
    return '';
  }
}

async function ask(code: string, mode: string): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`${address}/dispatch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ dot_code: code, mode }),
  });
  return { status: response.status, body: await response.text() };
}
