import { appendFile, mkdir, readlink, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { C1Error } from '../../domain/codes.ts';
import { EXECUTOR_C1, type ExecutorRelease } from '../../domain/executor.ts';
import { deploy, verify } from '../../executor/deploy/deploy.ts';
import { bundleOf } from '../../executor/deploy/folder.ts';
import { runningService, startService, stopProcess } from '../../executor/deploy/service.ts';
import { type Behaviour, createExecutorFolder, type ExecutorTrial } from './support/executor-folder.ts';

const KG = { dot_code: 'DOT_KG_EXPLAIN', mode: 'PLAN_ONLY' };

let trial: ExecutorTrial;
let v1: ExecutorRelease;

beforeEach(async () => {
  trial = await createExecutorFolder();
  v1 = await trial.release({});
  expect(await deploy(trial.request(v1))).toMatchObject({ outcome: 'OK_APPLIED', before: null, after: v1 });
});

afterEach(() => trial.dispose());

describe('a deploy', () => {
  test('brings C1 beside KG, is nothing the second time, and goes back to v1', async () => {
    const before = await trial.ask(KG);
    const c1 = await trial.release({ servesC1: true });
    const done = await deploy(trial.request(c1));
    expect(done).toMatchObject({ outcome: 'OK_APPLIED', before: v1, after: c1 });
    expect(await trial.ask(KG)).toEqual(before);
    expect((await trial.ask({ dot_code: 'DOT_C1_VOCAB_BUILD', mode: 'PLAN_ONLY' })).status).toBe(200);
    expect(await inUse()).toBe(c1.digest);
    const pid = runningService(trial.folder, 'service');
    expect(await deploy(trial.request(c1))).toMatchObject({ outcome: 'NOOP_ALREADY_THERE', kg: done.kg });
    expect(runningService(trial.folder, 'service')).toBe(pid);
    expect(await deploy(trial.request(v1))).toMatchObject({
      outcome: 'OK_APPLIED',
      before: c1,
      after: v1,
      kg: done.kg,
    });
    expect((await trial.ask({ dot_code: 'DOT_C1_VOCAB_BUILD', mode: 'PLAN_ONLY' })).status).toBe(403);
    expect(runningService(trial.folder, 'trial')).toBeNull();
  });

  test('of the release in use starts it again when somebody ended it', async () => {
    const pid = runningService(trial.folder, 'service');
    expect(pid).not.toBeNull();
    await stopProcess(pid ?? 0);
    await expect(trial.ask(KG)).rejects.toThrow();
    expect(await deploy(trial.request(v1))).toMatchObject({ outcome: 'NOOP_ALREADY_THERE' });
    expect((await trial.ask(KG)).status).toBe(200);
  });

  test('that was killed after the switch is completed by the next one, and what to go back to is not forgotten', async () => {
    const c1 = await trial.release({ servesC1: true });
    const { kg } = await deploy(trial.request(c1));
    const half = { release: c1, previous: v1, status: 'deploying', kg };
    await writeFile(trial.folder.deployed, JSON.stringify(half));
    expect(await deploy(trial.request(c1))).toMatchObject({ outcome: 'OK_APPLIED', before: v1, after: c1 });
    await writeFile(trial.folder.deployed, JSON.stringify(half));
    const broken = await trial.release({ servesC1: true, start: 'crash as service' });
    expect(await refusalOf(broken)).toBe('ERROR_EXECUTOR_UNHEALTHY');
    expect(await inUse()).toBe(v1.digest);
  });

  test('that was killed with nothing running is taken back when the next release fails its trial', async () => {
    const { kg } = await deploy(trial.request(v1));
    const c1 = await trial.release({ servesC1: true });
    await writeFile(trial.folder.deployed, JSON.stringify({ release: c1, previous: v1, status: 'deploying', kg }));
    await stopProcess(runningService(trial.folder, 'service') ?? 0);
    expect(await refusalOf(await trial.release({ servesC1: true, start: 'crash' }))).toBe('ERROR_EXECUTOR_UNHEALTHY');
    expect((await trial.ask(KG)).status).toBe(200);
    expect(await trial.deployed()).toMatchObject({ release: v1, status: 'deployed' });
    expect(await deploy(trial.request(c1))).toMatchObject({ outcome: 'OK_APPLIED', before: v1, after: c1 });
  });

  test('two at once: one after the other, and both come to the same', async () => {
    const c1 = await trial.release({ servesC1: true });
    const both = await Promise.all([deploy(trial.request(c1)), deploy(trial.request(c1))]);
    expect(both.map(({ outcome }) => outcome).toSorted()).toEqual(['NOOP_ALREADY_THERE', 'OK_APPLIED']);
  });
});

describe('a release that is not as it must be is not in use afterwards, and a good one is', () => {
  const faults: readonly [string, Behaviour, string][] = [
    ['crashes at start', { servesC1: true, start: 'crash' }, 'ERROR_EXECUTOR_UNHEALTHY'],
    ['hangs', { servesC1: true, start: 'hang' }, 'ERROR_EXECUTOR_UNHEALTHY'],
    ['crashes once it is the service', { servesC1: true, start: 'crash as service' }, 'ERROR_EXECUTOR_UNHEALTHY'],
    ['answers KG differently', { servesC1: true, kg: 'another' }, 'HOLD_EXECUTOR_REGRESSION'],
    ['does not block REAL_RUN', { servesC1: true, realRunStatus: 200 }, 'HOLD_EXECUTOR_REGRESSION'],
  ];

  test.each(faults)('%s', async (_title, behaviour, code) => {
    const before = await trial.deployed();
    expect(await refusalOf(await trial.release(behaviour))).toBe(code);
    expect(await inUse()).toBe(v1.digest);
    expect(await trial.deployed()).toMatchObject({ release: before.release, status: 'deployed', kg: before.kg });
    expect((await trial.ask(KG)).status).toBe(200);
    expect(runningService(trial.folder, 'trial')).toBeNull();
    const good = await trial.release({ servesC1: true });
    expect(await deploy(trial.request(good))).toMatchObject({ outcome: 'OK_APPLIED' });
  });

  test('does not answer for C1 although it is to', async () => {
    const release = { ...v1, name: EXECUTOR_C1 } as const;
    expect(await refusalOf(release)).toBe('HOLD_EXECUTOR_REGRESSION');
    expect(await inUse()).toBe(v1.digest);
  });

  test('altered, or gone', async () => {
    const c1 = await trial.release({ servesC1: true });
    await appendFile(bundleOf(trial.folder, c1.digest), '\n');
    expect(await refusalOf(c1)).toBe('HOLD_EXECUTOR_RELEASE');
    await rm(bundleOf(trial.folder, c1.digest));
    expect(await refusalOf(c1)).toBe('HOLD_EXECUTOR_RELEASE');
    expect(await deploy(trial.request(await trial.release({ servesC1: true })))).toMatchObject({
      outcome: 'OK_APPLIED',
    });
  });
});

describe('a folder that is not as a deploy leaves it', () => {
  test.each(['{', '{"release":null}', '[]'])('a record %s is a stop', async (text) => {
    const record = await trial.deployed();
    await writeFile(trial.folder.deployed, text);
    expect(await refusalOf(v1)).toBe('HOLD_EXECUTOR_RELEASE');
    await writeFile(trial.folder.deployed, JSON.stringify(record));
    expect(await deploy(trial.request(v1))).toMatchObject({ outcome: 'NOOP_ALREADY_THERE' });
  });

  test('a port that another program has is a failure that says so, and the release before stays named', async () => {
    const pid = runningService(trial.folder, 'service') ?? 0;
    await stopProcess(pid);
    const other = await listenOn(trial.address.port);
    const c1 = await trial.release({ servesC1: true });
    expect(await refusalOf(c1)).toBe('ERROR_EXECUTOR_UNHEALTHY');
    await new Promise((resolve) => other.close(resolve));
    expect(await deploy(trial.request(c1))).toMatchObject({ outcome: 'OK_APPLIED' });
  });

  test('a port on which the same release of another folder answers is a taken port too', async () => {
    await stopProcess(runningService(trial.folder, 'service') ?? 0);
    const other = await createExecutorFolder();
    try {
      expect(await other.release({}, trial.address.port)).toEqual(v1);
      await startService(other.folder, 'service', { release: v1, address: trial.address, limitMs: 3_000 });
      expect((await trial.ask(KG)).status).toBe(200);
      expect(await refusalOf(v1)).toBe('ERROR_EXECUTOR_UNHEALTHY');
      await expect(verify(trial.folder, trial.address)).rejects.toMatchObject({ code: 'ERROR_EXECUTOR_UNHEALTHY' });
    } finally {
      await other.dispose();
    }
    expect(await deploy(trial.request(v1))).toMatchObject({ outcome: 'NOOP_ALREADY_THERE' });
    expect(await verify(trial.folder, trial.address)).toMatchObject({ release: v1 });
  });

  test('a link that leads out of it is not the release in use, and the next deploy puts it right', async () => {
    await rm(trial.folder.current);
    await symlink(join('/tmp', v1.digest), trial.folder.current);
    await expect(verify(trial.folder, trial.address)).rejects.toMatchObject({ code: 'HOLD_EXECUTOR_RELEASE' });
    expect(await deploy(trial.request(v1))).toMatchObject({ outcome: 'OK_APPLIED' });
    expect(await verify(trial.folder, trial.address)).toMatchObject({ release: v1 });
  });

  test('a folder where the link should be is a stop, and what runs runs on', async () => {
    await rm(trial.folder.current);
    await mkdir(trial.folder.current);
    const c1 = await trial.release({ servesC1: true });
    expect(await refusalOf(c1)).toBe('HOLD_EXECUTOR_RELEASE');
    expect((await trial.ask(KG)).status).toBe(200);
    await rmdir(trial.folder.current);
    expect(await deploy(trial.request(c1))).toMatchObject({ outcome: 'OK_APPLIED' });
  });
});

async function refusalOf(release: ExecutorRelease): Promise<string> {
  const failure: unknown = await deploy(trial.request(release)).then(
    () => 'no refusal',
    (error: unknown) => error,
  );
  if (!(failure instanceof C1Error)) throw new Error(`no refusal by code: ${String(failure)}`);
  return failure.code;
}

async function inUse(): Promise<string> {
  return basename(await readlink(trial.folder.current));
}

function listenOn(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
