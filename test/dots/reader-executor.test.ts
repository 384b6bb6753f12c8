import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EXECUTOR_C1, EXECUTOR_HOST, EXECUTOR_V1 } from '../../domain/executor.ts';
import { createThrough, failure, failureOf } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

const IMAGE = { surface: 'executor_image', key: EXECUTOR_HOST };
const BUNDLE = 'the bundle of a test\n';
const DIGEST = createHash('sha256').update(BUNDLE).digest('hex');
const RELEASE = { name: EXECUTOR_C1, digest: DIGEST };
const V1 = { name: EXECUTOR_V1, digest: 'a'.repeat(64) };
const RECORD = { release: RELEASE, previous: V1, status: 'deployed', kg: 'b'.repeat(64) };

let trial: Trial;
let folder: string;

beforeAll(async () => {
  trial = await createTrial();
  folder = trial.runtime.paths.executor;
  await mkdir(path.join(trial.runtime.paths.state, 'runs'));
  await createThrough(trial, 'species');
});

/** Release, link, record and a deploy that says that all is well. */
beforeEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, 'releases', DIGEST), { recursive: true });
  await mkdir(path.join(folder, 'bin'));
  await writeFile(bundle(), BUNDLE);
  await symlink(path.join('releases', DIGEST), path.join(folder, 'current'));
  await record(RECORD);
  await deploySays(`echo '${JSON.stringify({ code: 'OK_READ', release: RELEASE, kg: RECORD.kg, checked: 5 })}'`);
});

afterAll(() => trial?.dispose());

describe('the executor in a snapshot', () => {
  test('is a live row while a release for C1 is in use, and W6 is applied', async () => {
    const { state, refs } = await snapshot();
    const image = { service: EXECUTOR_HOST, release: EXECUTOR_C1, digest: DIGEST };
    expect(refs.rows).toEqual([{ ...IMAGE, image, live: true }]);
    expect(state).toMatchObject({ stepDeltas: { W6: { executor_image: 1 } }, drift: [] });
    expect(state.steps).toContain('W6');
    expect(state.counters.executor_image).toEqual({ live: 1, total: 1 });
  });

  test.each([
    ['KG alone is in use', { ...RECORD, release: { ...V1, digest: DIGEST }, previous: RELEASE }, false],
    ['a deploy was killed half-way, which W6 has still to end', { ...RECORD, status: 'deploying' }, true],
    ['nothing was ever deployed', null, false],
  ])('is no row while %s', async (_title, value, isBegun) => {
    await record(value);
    const { state, refs } = await snapshot();
    expect(refs.rows).toEqual([]);
    expect(state.steps.includes('W6')).toBe(isBegun);
    expect(state.counters.executor_image?.live).toBe(0);
  });

  test('with a record that cannot be read is a stop, never an absent row', async () => {
    for (const text of ['{', '{}', JSON.stringify({ ...RECORD, more: 1 })]) {
      await writeFile(path.join(folder, 'deployed.json'), text);
      expect(failureOf(await asked())).toEqual(failure(3, 'HOLD_EXECUTOR_RELEASE'));
    }
    await record(RECORD);
    expect((await asked()).exitCode).toBe(0);
  });
});

describe('an executor that somebody changed past the deploy stops every open', () => {
  const open = () => trial.runtime.reader(['open', '--step', 'W3'], { stdin: { bins: ['dot-schema-ensure'] } });

  test.each([
    ['the bundle altered', () => appendFile(bundle(), '\n')],
    ['the bundle gone', () => rm(bundle())],
    ['the link gone', () => rm(path.join(folder, 'current'))],
    ['another bundle under the link', () => relink('c'.repeat(64))],
  ])('%s', async (_title, change) => {
    expect((await open()).exitCode).toBe(0);
    await change();
    const held = await open();
    expect(failureOf(held)).toEqual(failure(3, 'HOLD_DRIFT'));
    expect(held.stderr).toContain(`executor_image/${EXECUTOR_HOST}`);
  });
});

describe('the gate of W6', () => {
  const gate = () =>
    trial.runtime.reader(['gate', '--step', 'W6'], {
      stdin: { expected: { executor_image: 1 }, checks: ['executor'] },
    });

  test('passes when the deploy finds the release whole, healthy and answering, and counts what was looked at', async () => {
    const passed = await gate();
    expect(passed).toMatchObject({ exitCode: 0 });
    const without = await trial.runtime.reader(['gate', '--step', 'W6'], {
      stdin: { expected: { executor_image: 1 } },
    });
    expect(JSON.parse(passed.stdout).checked).toBe(JSON.parse(without.stdout).checked + 5);
  });

  test.each([
    ['HOLD_EXECUTOR_REGRESSION', 3],
    ['HOLD_EXECUTOR_RELEASE', 3],
    ['ERROR_EXECUTOR_UNHEALTHY', 1],
  ])('says %s when the deploy does', async (code, status) => {
    await deploySays(`echo '${code}: seen one, expected another. Next: look.' >&2; exit ${status}`);
    expect(failureOf(await gate())).toEqual(failure(status, code));
  });

  test.each([
    ['ends without a word', 'exit 1'],
    ['says nothing', 'true'],
    ['says another thing', "echo '{}'"],
    ['is not there', null],
  ])('is an error when the deploy %s', async (_title, script) => {
    if (script === null) await rm(path.join(folder, 'bin', 'executor-deploy'));
    else await deploySays(script);
    expect(failureOf(await gate())).toEqual(failure(1, 'ERROR_EXECUTOR_UNHEALTHY'));
  });

  test('is a HOLD when the deploy speaks of another release', async () => {
    await deploySays(`echo '${JSON.stringify({ code: 'OK_READ', release: V1, kg: RECORD.kg, checked: 5 })}'`);
    expect(failureOf(await gate())).toEqual(failure(3, 'HOLD_EXECUTOR_RELEASE'));
  });

  test('is a HOLD while the release is not in use; retired it is only then', async () => {
    const retired = () => trial.runtime.reader(['retired', '--step', 'W6']);
    expect(failureOf(await retired())).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
    await record({ ...RECORD, release: { ...V1, digest: DIGEST } });
    expect(failureOf(await gate())).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
    expect((await retired()).exitCode).toBe(0);
  });
});

const bundle = () => path.join(folder, 'releases', DIGEST, 'executor.cjs');

async function relink(digest: string): Promise<void> {
  await mkdir(path.join(folder, 'releases', digest));
  await writeFile(path.join(folder, 'releases', digest, 'executor.cjs'), BUNDLE);
  await rm(path.join(folder, 'current'));
  await symlink(path.join('releases', digest), path.join(folder, 'current'));
}

function record(value: object | null): Promise<void> {
  const file = path.join(folder, 'deployed.json');
  return value === null ? rm(file) : writeFile(file, JSON.stringify(value));
}

function deploySays(script: string): Promise<void> {
  return writeFile(path.join(folder, 'bin', 'executor-deploy'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const file = () => path.join(trial.runtime.paths.state, 'runs', 'answer.json');

function asked() {
  return trial.runtime.reader(['snapshot', '--out', file()], {
    stdin: { refs: [IMAGE], bins: ['dot-species-register'], staged: [] },
  });
}

async function snapshot() {
  expect(await asked()).toMatchObject({ exitCode: 0 });
  return JSON.parse(await readFile(file(), 'utf8'));
}
