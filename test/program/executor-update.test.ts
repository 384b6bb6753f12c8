import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { sha256Hex } from '../../domain/canonical.ts';
import { EXECUTOR_C1, EXECUTOR_HOST, EXECUTOR_V1, type ExecutorRelease } from '../../domain/executor.ts';
import { assertRelease, bundleOf, executorFolder, readDeployment } from '../../executor/deploy/folder.ts';
import { runningService } from '../../executor/deploy/service.ts';
import { EXECUTOR_BUNDLES, EXECUTOR_DEPLOY } from '../../runtime/bin-build.ts';
import { START } from '../../runtime/bin-code.ts';
import { installExecutor, verifyExecutor } from '../../runtime/executor.ts';
import { RESOURCES_THROUGH, unchanged } from '../support/counts.ts';
import { createTestProject, type TestProject } from '../support/project.ts';

/** W6 over the life of a release: another build of it, builds that fail, and its end. Each test goes on from the one before. */
const KG = ['DOT_KG_EXPLAIN', 'DOT_KG_EXPLAIN_VERIFY'];
const C1 = 'DOT_C1_VOCAB_BUILD';
const KG_NAMESPACE = 'DRYRUN-NS:dot:kg:explain';

let project: TestProject;
let builds: string;
/** Bundle of the release for C1 as the sources make it. */
let bundle: string;
let kgBefore: readonly Answer[];

beforeAll(async () => {
  builds = await mkdtemp(join(tmpdir(), 'c1-builds-'));
  bundle = await readFile(join(inject('testServer').buildFolder, EXECUTOR_BUNDLES.c1), 'utf8');
  project = await createTestProject();
  await project.through('W6');
  kgBefore = await Promise.all(KG.map(ask));
  const applied = await project.apply();
  expect(applied.exitCode, applied.all).toBe(0);
});

afterAll(async () => {
  await project?.dispose();
  await rm(builds, { recursive: true, force: true });
});

test('the same build, installed again, is no change', async () => {
  const before = runningService(folder(), 'service');
  await install(bundle);
  expect((await project.pulumi('preview')).all).toMatch(unchanged(RESOURCES_THROUGH.W6));
  expect(runningService(folder(), 'service')).toBe(before);
});

test('a new build is one changed row before it is deployed, and no change afterwards', async () => {
  const before = await inUse();
  const rows = await project.snapshot();
  const release = await install(`${bundle}\n// another build\n`);
  const preview = await project.pulumi('preview', '--diff');
  expect(preview.all.match(/^ +[+~-] (insert|update|retire) .*/gm)).toEqual([changed(before, release)]);
  expect(preview.all).toMatch(/~ c1:executor:Image: \(update\)/);
  expect(await inUse()).toEqual(before);

  const deployed = await up();
  expect(deployed.exitCode, deployed.all).toBe(0);
  expect(deployed.all).toMatch(/w6-gate updated/);
  expect(deployed.all).toMatch(/3 updated/);
  expect(await inUse()).toEqual(release);
  expect(readDeployment(folder())).toMatchObject({ release, previous: before });
  expect(() => assertRelease(folder(), before)).not.toThrow();
  expect(await project.snapshot()).toEqual(rows);
  expect((await project.pulumi('preview')).all).toMatch(unchanged(RESOURCES_THROUGH.W6));
});

test('a new build that ends as soon as it is the service: the one before is back, and a good one is deployed', async () => {
  const before = await inUse();
  await refused(endsAsService(bundle), 'ERROR_EXECUTOR_UNHEALTHY');

  const good = await install(`${bundle}\n// mended\n`);
  const repaired = await up();
  expect(repaired.exitCode, repaired.all).toBe(0);
  expect(await inUse()).toEqual(good);
  expect(readDeployment(folder())).toMatchObject({ release: good, previous: before });
  expect((await project.pulumi('preview')).all).toMatch(unchanged(RESOURCES_THROUGH.W6));
});

test('a new build that answers KG differently never serves; built as before again, there is nothing to deploy', async () => {
  const before = await inUse();
  const good = await readFile(bundleOf(folder(), before.digest), 'utf8');
  const serving = runningService(folder(), 'service');
  await refused(answersKgDifferently(bundle), 'HOLD_EXECUTOR_REGRESSION');

  await install(good);
  expect((await project.pulumi('preview')).all).toContain('No row is to come.');
  const back = await up();
  expect(back.exitCode, back.all).toBe(0);
  expect(runningService(folder(), 'service')).toBe(serving);
  expect((await project.pulumi('preview')).all).toMatch(unchanged(RESOURCES_THROUGH.W6));
});

test('destroy goes back to v1, past every build that was deployed in between', async () => {
  const before = await inUse();
  const destroyed = await project.pulumi('destroy', '--yes', '--skip-preview');
  expect(destroyed.exitCode, destroyed.all).toBe(0);
  const { v1 } = JSON.parse(await readFile(folder().build, 'utf8'));
  expect(v1.name).toBe(EXECUTOR_V1);
  expect(readDeployment(folder())).toMatchObject({ release: v1, previous: before, status: 'deployed' });
  expect((await verifyExecutor(project.runtime.paths)).release).toEqual(v1);
  expect(await Promise.all(KG.map(ask))).toEqual(kgBefore);
  expect((await ask(C1)).status).toBe(403);
});

const folder = () => executorFolder(project.runtime.paths.executor);
const up = () => project.pulumi('up', '--yes', '--skip-preview');

/** The line of the preview: the whole difference of the row. */
function changed(before: ExecutorRelease, after: ExecutorRelease): string {
  return `  ~ update executor_image/${EXECUTOR_HOST} (digest: "${before.digest}" => "${after.digest}")`;
}

/** An `up` of that build fails by its code and changes nothing that a preview or a caller could see. */
async function refused(text: string, code: string): Promise<void> {
  const before = await inUse();
  const rows = await project.snapshot();
  const broken = await install(text);
  const failed = await up();
  expect(failed.exitCode).not.toBe(0);
  expect(failed.all).toMatch(new RegExp(`${code}: seen .*, expected .* Next: `));
  expect(failed.all).not.toMatch(/w6-gate updat/);
  expect(await inUse()).toEqual(before);
  expect(runningService(folder(), 'trial')).toBeNull();
  expect(await project.snapshot()).toEqual(rows);
  const still = await project.pulumi('preview');
  expect(still.exitCode, still.all).toBe(0);
  expect(still.all).toContain(changed(before, broken).trim());
}

function endsAsService(text: string): string {
  return `if (process.argv.at(-1).endsWith('/service.json')) process.exit(7);\n${text}`;
}

function answersKgDifferently(text: string): string {
  expect(text).toContain(KG_NAMESPACE);
  return text.replaceAll(KG_NAMESPACE, `${KG_NAMESPACE}:another`);
}

/** Brings a build of the release for C1 to the runtime, as the next `npx c1 runtime start` after it does. */
async function install(text: string): Promise<ExecutorRelease> {
  const { buildFolder, built } = inject('testServer');
  const own = await mkdtemp(join(builds, 'build-'));
  for (const name of [EXECUTOR_BUNDLES.v1, EXECUTOR_DEPLOY, START]) await cp(join(buildFolder, name), join(own, name));
  await writeFile(join(own, EXECUTOR_BUNDLES.c1), text);
  const digest = sha256Hex(text);
  const { paths, port, database } = project.runtime;
  const all = { ...built, [EXECUTOR_BUNDLES.c1]: digest };
  await installExecutor({ paths, buildFolder: own, built: all, port, database });
  return { name: EXECUTOR_C1, digest };
}

/** The release that serves C1: whole by its record, link and bytes, with C1 validated and KG as it ever was. */
async function inUse(): Promise<ExecutorRelease> {
  const { release } = await verifyExecutor(project.runtime.paths);
  expect(await Promise.all(KG.map(ask))).toEqual(kgBefore);
  expect(await ask(C1)).toMatchObject({ status: 200, body: expect.stringContaining('"validated":true') });
  return release;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function ask(code: string): Promise<Answer> {
  const { listen } = JSON.parse(await readFile(folder().config, 'utf8'));
  const response = await fetch(`http://${listen.host}:${listen.port}/dispatch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ dot_code: code, mode: 'PLAN_ONLY' }),
  });
  return { status: response.status, body: await response.text() };
}
