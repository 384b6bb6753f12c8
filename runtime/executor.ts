import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { canonicalJson, type Json } from '../domain/canonical.ts';
import { EXECUTOR_C1, EXECUTOR_V1, type ExecutorBuild, type ExecutorRelease } from '../domain/executor.ts';
import { STAGING_LABELS } from '../domain/label.ts';
import { deploy, type Verified, verify } from '../executor/deploy/deploy.ts';
import { bundleOf, type ExecutorFolder, executorFolder, readDeployment } from '../executor/deploy/folder.ts';
import type { Address } from '../executor/deploy/probe.ts';
import { runningService, stopService } from '../executor/deploy/service.ts';
import { type Built, EXECUTOR_BUNDLES, EXECUTOR_DEPLOY } from './bin-build.ts';
import { type BinConfigTarget, executorAddress, writeBinConfig } from './bin-config.ts';
import { writeLib } from './bin-surroundings.ts';
import { pickPort } from './cluster.ts';
import { writeIfOther } from './files.ts';
import type { StatePaths } from './paths.ts';
import { type Reporter, withProgress } from './reporter.ts';
import { HOST } from './server-config.ts';

const LOGIN = 'executor_ro';
const START_LIMIT_MS = 30_000;

export interface ExecutorTarget extends BinConfigTarget {
  /** Folder of `buildBins`, which may be another runtime's. */
  readonly buildFolder: string;
  readonly built: Built;
}

/**
 * Brings the executor's releases, its deploy and its configuration into its folder, and tells the bins where it will
 * listen; starts nothing. Which release is in
 * use is the deploy's to say, so that a new build does not change it.
 */
export async function installExecutor(target: ExecutorTarget): Promise<void> {
  const { paths, buildFolder, built } = target;
  const build = buildOf(built);
  const folder = executorFolder(paths.executor);
  await Promise.all([
    mkdir(path.join(paths.executor, 'bin'), { recursive: true }),
    mkdir(folder.run, { recursive: true }),
  ]);
  for (const [kind, release] of Object.entries(build)) {
    const bundle = bundleOf(folder, release.digest);
    const content = await readFile(path.join(buildFolder, EXECUTOR_BUNDLES[kind as keyof ExecutorBuild]), 'utf8');
    await mkdir(path.dirname(bundle), { recursive: true });
    await writeIfOther(bundle, content, 0o444);
  }
  const deployed = path.join(paths.executor, 'bin', EXECUTOR_DEPLOY);
  await writeIfOther(deployed, await readFile(path.join(buildFolder, EXECUTOR_DEPLOY), 'utf8'), 0o555);
  await writeIfOther(path.join(paths.executor, 'package.json'), '{"type":"commonjs"}\n');
  await writeIfOther(folder.build, `${canonicalJson(build as unknown as Json)}\n`);
  await writeIfOther(folder.config, `${canonicalJson(await configOf(target))}\n`);
  await writeBinConfig(target);
  await writeLib(path.dirname(folder.node), buildFolder);
}

/**
 * Has the release in use answer: v1 on a new runtime, what the last deploy brought on an older one.
 *
 * @throws C1Error what a deploy stops with
 */
export async function startExecutor(paths: StatePaths, report: Reporter): Promise<void> {
  const folder = executorFolder(paths.executor);
  const before = runningService(folder, 'service');
  const release = await releaseToServe(paths);
  const address = await addressOf(folder);
  await withProgress(report, 'the executor to answer', () =>
    deploy({ folder, release, address, limitMs: START_LIMIT_MS }),
  );
  if (runningService(folder, 'service') !== before) report.did(`started ${release.name} on ${HOST}:${address.port}`);
}

/** Ends the executor of this state folder; false when none ran. */
export async function stopExecutor(paths: StatePaths): Promise<boolean> {
  const folder = executorFolder(paths.executor);
  await stopService(folder, 'trial');
  return stopService(folder, 'service');
}

/** Back to a folder where nothing was ever deployed. */
export async function resetExecutor(paths: StatePaths): Promise<void> {
  const folder = executorFolder(paths.executor);
  await stopExecutor(paths);
  await Promise.all([folder.current, folder.deployed].map((file) => rm(file, { force: true })));
}

/** Process number and release of the executor that runs; null when none does. */
export function executorStatus(paths: StatePaths): { readonly pid: number; readonly release: string } | null {
  const folder = executorFolder(paths.executor);
  const pid = runningService(folder, 'service');
  return pid === null ? null : { pid, release: readDeployment(folder)?.release.name ?? 'unknown' };
}

/**
 * Looks at the release in use, and changes nothing.
 *
 * @throws C1Error HOLD_EXECUTOR_RELEASE, HOLD_EXECUTOR_REGRESSION, ERROR_EXECUTOR_UNHEALTHY
 */
export async function verifyExecutor(paths: StatePaths): Promise<Verified> {
  const folder = executorFolder(paths.executor);
  return verify(folder, await addressOf(folder));
}

/** A deploy that was killed half-way is not gone on with here: what was there before serves until it is. */
async function releaseToServe(paths: StatePaths): Promise<ExecutorRelease> {
  const folder = executorFolder(paths.executor);
  const found = readDeployment(folder);
  if (found?.status === 'deployed') return found.release;
  const { v1 } = JSON.parse(await readFile(folder.build, 'utf8')) as ExecutorBuild;
  return found?.previous ?? v1;
}

async function addressOf({ config }: ExecutorFolder): Promise<Address> {
  return (JSON.parse(await readFile(config, 'utf8')) as { readonly listen: Address }).listen;
}

function buildOf(built: Built): ExecutorBuild {
  const digest = (name: string) => built[name] ?? '';
  return {
    v1: { name: EXECUTOR_V1, digest: digest(EXECUTOR_BUNDLES.v1) },
    c1: { name: EXECUTOR_C1, digest: digest(EXECUTOR_BUNDLES.c1) },
  };
}

/** The port is kept over every start, as the database's is. */
async function configOf({ paths, port, database }: ExecutorTarget): Promise<Json> {
  const config = executorFolder(paths.executor).config;
  const listen = (await executorAddress(paths)) ?? { host: HOST, port: await pickPort() };
  const secret = (name: string) => path.relative(path.dirname(config), path.join(paths.secrets, name));
  return {
    label: [...STAGING_LABELS],
    listen,
    database: { host: HOST, port, database, login: LOGIN, passwordFile: secret(LOGIN) },
    upstreamUrl: null,
    allowedSigners: secret(path.join('ssh', 'allowed_signers')),
  } as unknown as Json;
}
