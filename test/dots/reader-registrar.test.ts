import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pWaitFor from 'p-wait-for';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../../runtime/postmaster.ts';
import { codeOf, createThrough, failure, failureOf, mustRun, run } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

const REGISTRAR = 'dot-dot-register-c1-hardened';
const TOOL = 'tool-dot-c1-vocab-build';
const DEFECT = failure(3, 'C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED');
const UNLABELLED = '#!/bin/sh\n#\n#\n';

let trial: Trial;
let registrar: string;
beforeAll(async () => {
  trial = await createTrial();
  registrar = path.join(trial.runtime.paths.bin, REGISTRAR);
  await createThrough(trial, 'ledger-dot-c1-vocab-build');
});
afterEach(async () => {
  // The same request made good.
  expect((await open()).stderr).toBe('');
});
afterAll(() => trial?.dispose());

const request = { bins: ['dot-species-register'], checks: ['registrar'] };
const open = () => trial.runtime.reader(['open', '--step', 'W4'], { stdin: request });

/** Runs `work` while another script stands in the place of the registrar. */
async function instead<T>(script: string | null, work: () => Promise<T>): Promise<T> {
  await rm(registrar);
  if (script !== null) await writeFile(registrar, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  try {
    return await work();
  } finally {
    await rm(registrar, { force: true });
    await symlink('dot-dot-register', registrar);
  }
}

const answering = (files: readonly string[], found = files.length) =>
  `echo '${JSON.stringify({ code: 'OK_READ', readback: { scanned: 312, new: found, files } })}'`;

test('the open of W4 passes while the registrar names the C1 DOTs that are no live tools: eight, seven, eight', async () => {
  const before = await trial.fingerprint();
  const eight = JSON.parse((await open()).stdout);
  expect(await trial.fingerprint()).toBe(before);
  const without = await trial.runtime.reader(['open', '--step', 'W4'], { stdin: { bins: request.bins } });
  expect(eight.checked).toBe(JSON.parse(without.stdout).checked + 9);
  await mustRun(trial, TOOL, 'create');
  expect(JSON.parse((await open()).stdout).checked).toBeGreaterThan(20);
  await mustRun(trial, TOOL, 'retire');
});

test('a gate may ask the same', async () => {
  const runs = await trial.value<number>(`select count(*)::int as v from iu_core.dot_run where step = 'W2'`);
  const expected = { species: 1, birth_registry: 1, admission_record: 1, dot_ledger: 4 };
  expect(runs).toBe(4);
  const gate = () => trial.runtime.reader(['gate', '--step', 'W2'], { stdin: { expected, checks: ['registrar'] } });
  expect((await gate()).stderr).toBe('');
  expect(failureOf(await instead(null, gate))).toEqual(DEFECT);
});

test('a staged file that is missing, foreign or one too many is a HOLD', async () => {
  const file = path.join(trial.runtime.paths.bin, 'dot-c1-preflight');
  const genuine = await readFile(file, 'utf8');
  await rm(file);
  const missing = await open();
  await writeFile(file, '#!/bin/sh\n#\n# DOT-CODE: DOT-290\n', { mode: 0o555 });
  const foreign = await open();
  await rm(file);
  await writeFile(file, UNLABELLED, { mode: 0o555 });
  const unlabelled = await open();
  await rm(file);
  await writeFile(file, genuine, { mode: 0o555 });
  const extra = path.join(trial.runtime.paths.bin, 'dot-c1-extra');
  await writeFile(extra, '#!/bin/sh\n#\n# DOT-CODE: DOT_C1_EXTRA\n', { mode: 0o555 });
  const ninth = await open();
  await rm(extra);
  for (const refused of [missing, foreign, unlabelled, ninth]) expect(failureOf(refused)).toEqual(DEFECT);
  expect(missing.stderr).toContain('seen 7 new files');
});

const C1 = ['bad-input-harness', 'contract-register', 'evidence-readback', 'grant-issue', 'preflight', 'rollback-check']
  .concat(['vocab-build', 'vocab-verify'])
  .map((name) => `dot-c1-${name}`);

test.each([
  ['is not there', null],
  ['fails', 'echo "HOLD_DRIFT: seen a, expected b. Next: c." >&2; exit 3'],
  ['fails with the right list', `${answering(C1)}; exit 1`],
  ['says nothing', 'exit 0'],
  ['says no JSON', 'echo eight new files'],
  ['says another thing', `echo '{"code":"OK_PLANNED"}'`],
  ['names one of the backlog', answering([...C1.slice(1), 'dot-290'])],
  ['names a look-alike', answering([...C1.slice(1), 'dot-с1-bad-input-harness'])],
  ['names one twice', answering([...C1.slice(1), 'dot-c1-preflight'])],
  ['names nobody', answering([])],
  ['counts another number than it names', answering(C1, 9)],
  ['never stops talking', 'while :; do echo talk talk talk talk talk talk talk talk; done'],
])('a registrar that %s is a HOLD', async (_, script) => {
  const refused = await instead(script, open);
  expect(failureOf(refused)).toEqual(DEFECT);
});

test('a registrar that says just the right thing passes, so that the ones above are refused for what they say', async () => {
  expect((await instead(answering(C1), open)).exitCode).toBe(0);
});

test('a registrar that hangs is ended with all that it started, and is a HOLD', async () => {
  const pidFile = path.join(trial.runtime.stateDir, 'hanging.pid');
  const script = `sleep 600 & echo $! > '${pidFile}'; wait`;
  const hung = () => trial.withConfig({ limits: { answer: 4_000 } }, open);
  const refused = await instead(script, hung);
  expect(failureOf(refused)).toEqual(DEFECT);
  expect(refused.stderr).toContain('no answer within 4000 ms');
  const pid = Number(await readFile(pidFile, 'utf8'));
  await pWaitFor(() => !isAlive(pid), { interval: 10, timeout: 8_000 });
});

test('the real run of one DOT goes on as before', async () => {
  expect(codeOf(await run(trial, TOOL, 'create', { flags: ['--dry-run'] }))).toBe('OK_PLANNED');
});
