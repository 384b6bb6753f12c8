import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readRelease } from '../../components/input-files.ts';
import { sha256Hex } from '../../domain/canonical.ts';
import { FIXTURE_COUNTS, HANDLER_FIXTURES, REHEARSED_STEPS, rehearsalRequest } from '../../domain/rehearsal.ts';
import { REHEARSER } from '../../runtime/bin-build.ts';
import { runHandlerRehearsal, SAYS } from '../../runtime/rehearsal/handler-rehearsal.ts';
import { HANDLER_SCENES } from '../../runtime/rehearsal/handler-scenes.ts';
import { runHandlerTests } from '../../runtime/rehearsal/handler-tests.ts';
import { type RehearseOptions, rehearse } from '../../runtime/rehearsal/rehearse.ts';
import type { Scene } from '../../runtime/rehearsal/scene.ts';
import { written } from '../../runtime/rehearsal/written.ts';
import { SILENT } from '../../runtime/reporter.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';
import { runC1 } from '../support/state-folder.ts';

let runtime: TestRuntime;
let untouched: string;

beforeAll(async () => {
  runtime = await createTestRuntime();
  untouched = await fingerprint();
});

afterAll(async () => {
  await runtime?.dispose();
});

async function fingerprint(): Promise<string> {
  const { rows } = await (await runtime.pool('postgres')).query<{ v: string }>(written());
  return rows[0]?.v ?? '';
}

/** Databases and folders of rehearsals of this runtime. */
async function left(): Promise<readonly string[]> {
  const pool = await runtime.pool('postgres');
  const sql = 'select datname::text as name from pg_database where starts_with(datname, $1)';
  // Other tests of the run rehearse on the same server.
  const own = `c1_rehearsal_${sha256Hex(runtime.stateDir).slice(0, 12)}`;
  const { rows } = await pool.query<{ name: string }>(sql, [own]);
  const folders = await readdir(path.join(runtime.stateDir, 'rehearsal')).catch(() => []);
  return [...rows.map(({ name }) => name), ...folders];
}

async function nothingIsLeft(): Promise<void> {
  expect(await left()).toEqual([]);
  expect(await fingerprint()).toBe(untouched);
}

function rehearsed(options: Partial<RehearseOptions> = {}) {
  return rehearse({ stateDir: runtime.stateDir, step: 'H3', report: SILENT, ...options });
}

/** H3 with some of its scenes. */
function withScenes(scenes: Readonly<Partial<Record<keyof typeof HANDLER_FIXTURES, Scene>>>) {
  return rehearsed({ runner: (host, files) => runHandlerTests(host, files, scenes) });
}

function failing(seen: RegExp) {
  return expect.objectContaining({ code: 'HOLD_REHEARSAL_FAILED', seen: expect.stringMatching(seen) });
}

/** Started and not waited for. */
function start(step = 'H3') {
  // On a busy machine it may need more than execa's five seconds to clear up.
  const options = { reject: false, stdin: 'ignore', forceKillAfterDelay: false } as const;
  return execa(path.join(runtime.paths.reader, REHEARSER), ['--step', step], options);
}

/** Databases are there, so that the fixtures are under way. */
async function underWay(): Promise<void> {
  await vi.waitFor(async () => expect((await left()).length).toBeGreaterThanOrEqual(3), { timeout: 20_000 });
}

test('every fixture of H3 is answered as it must be, the live database is as it was, and nothing is left', async () => {
  expect(await rehearsed()).toMatchObject({ code: 'OK_READ', step: 'H3', fixtures: FIXTURE_COUNTS.H3 });
  await nothingIsLeft();
});

test('every fixture of H6 is answered as it must be, the live database is as it was, and nothing is left', async () => {
  expect(await rehearsed({ step: 'H6' })).toMatchObject({ code: 'OK_READ', step: 'H6', fixtures: FIXTURE_COUNTS.H6 });
  await nothingIsLeft();
});

test('a fixture that is left out fails the rehearsal, and is named', async () => {
  const { 'real-run': _, ...others } = HANDLER_SCENES;
  const few = Object.fromEntries(Object.entries(others).slice(0, 2));
  await expect(withScenes(few)).rejects.toEqual(failing(/^H3: no run of .*real-run/));
  await nothingIsLeft();
});

test('the length of each list is what it was written down to be', () => {
  expect(Object.keys(HANDLER_FIXTURES)).toHaveLength(FIXTURE_COUNTS.H3);
  expect(FIXTURE_COUNTS.H6).toBe(3);
});

test('a negative fixture that mints stops the rehearsal before any other is begun', async () => {
  await expect(withScenes({ 'no-vote': {} })).rejects.toEqual(failing(/^fixture no-vote: 1 grants and 1 applied/));
  await nothingIsLeft();
});

test('a negative fixture that is refused with another code stops the rehearsal', async () => {
  const scenes = { 'lane-other': { asks: { carrier: 'C2' } } };
  await expect(withScenes(scenes)).rejects.toEqual(failing(/^fixture lane-other: REJECT_WRONG_CARRIER, exit 4/));
});

test.each([
  ['issue-dry-run', /^would insert/, 'OK_PLANNED: would propose, and mint nothing'],
  ['propose', /^would/, 'OK_APPLIED: insert apr_requests'],
  ['execute-dry-run', /^would mint/, 'OK_PLANNED: would dispatch'],
] as const)('a fixture of H6 that says something else stops the rehearsal: %s', async (name, says, seen) => {
  const runner: NonNullable<RehearseOptions['runner']> = (host, files) =>
    runHandlerRehearsal(host, files, { ...SAYS, [name]: says });
  await expect(rehearsed({ step: 'H6', runner })).rejects.toEqual(failing(new RegExp(`^fixture ${name}: ${seen}`)));
  await nothingIsLeft();
});

test('a file of the release that is not what release.json says is not tried', async () => {
  const runner: NonNullable<RehearseOptions['runner']> = (host, files) =>
    runHandlerTests(
      host,
      files.map((file) => ({ ...file, sha256: '0'.repeat(64) })),
      {},
    );
  await expect(rehearsed({ runner })).rejects.toMatchObject({ code: 'ERROR_PAYLOAD_INVALID' });
  await nothingIsLeft();
});

test.each(REHEARSED_STEPS)('what is asked for %s must be what is here: the release and the list', async (step) => {
  const asked = rehearsalRequest(step, readRelease(runtime.paths.release).release);
  const runner: NonNullable<RehearseOptions['runner']> = async () => [];
  const other = { ...asked, handler: '0'.repeat(64) };
  await expect(rehearsed({ step, asked: other, runner })).rejects.toEqual(failing(/: release and fixtures /));
  await expect(rehearsed({ step, asked, runner })).rejects.toEqual(failing(/: no run of /));
});

test('a rehearsal that is ended by a signal takes its runtimes with it', async () => {
  const running = start();
  await underWay();
  running.kill('SIGTERM');
  const { exitCode, stderr } = await running;
  expect([exitCode, stderr]).toEqual([3, expect.stringMatching(/HOLD_INTERRUPTED: seen SIGTERM/)]);
  await nothingIsLeft();
});

test('what a killed rehearsal leaves, the next one removes; one that runs beside it is left alone', async () => {
  const running = start();
  await underWay();
  running.kill('SIGKILL');
  await running;
  expect((await left()).length).toBeGreaterThanOrEqual(2);
  const both = await Promise.all([start('H6'), start('H6')]);
  expect(both.map(({ exitCode, stderr }) => [exitCode, stderr.replaceAll(/… waiting.*\n?/g, '')])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  await nothingIsLeft();
});

test('c1 rehearse says in words and in JSON what was tried, and labels it as staging', async () => {
  const json = await runC1(runtime.stateDir, ['rehearse', '--step', 'H6', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ code: 'OK_READ', step: 'H6', fixtures: 3 });
  expect(JSON.parse(json.stdout).label).toContain('NOT_GOVERNED_RUNTIME');
  const help = await runC1(runtime.stateDir, ['rehearse', '--help']);
  expect(help.stdout).toMatch(/Examples:\n {2}\$ npx c1 rehearse --step H3/);
  expect(await runC1(runtime.stateDir, ['rehearse', '--step', 'H5'])).toMatchObject({ exitCode: 64 });
});
