import getPort from 'get-port';
import pRetry from 'p-retry';
import { lock } from 'proper-lockfile';
import { C1Error } from '../../domain/codes.ts';
import { type Deployment, EXECUTOR_C1, type ExecutorRelease } from '../../domain/executor.ts';
import {
  assertRelease,
  currentDigest,
  type ExecutorFolder,
  readDeployment,
  switchTo,
  writeDeployment,
} from './folder.ts';
import { type Address, assertC1, isHealthy, kgAnswers } from './probe.ts';
import { runningService, startService, stopService } from './service.ts';

/** A deploy that was killed lets go of the lock within this. */
const STALE_MS = 5_000;
const WAIT_STEP_MS = 100;
const WAIT_LIMIT_MS = 120_000;

export interface DeployRequest {
  readonly folder: ExecutorFolder;
  readonly release: ExecutorRelease;
  /** Where the service listens. */
  readonly address: Address;
  /** How long a release may take until it answers, in milliseconds. */
  readonly limitMs: number;
}

export interface Deployed {
  readonly outcome: 'OK_APPLIED' | 'NOOP_ALREADY_THERE';
  readonly before: ExecutorRelease | null;
  readonly after: ExecutorRelease;
  /** SHA-256 of the KG answers, the same before and after. */
  readonly kg: string;
}

/**
 * Brings one release into use (executor.md, "The image"): tried on a port of its own first, switched by one rename, and
 * taken back when it is not healthy or answers KG otherwise than the release before. Run again after a kill, it completes.
 *
 * @throws C1Error HOLD_EXECUTOR_RELEASE, HOLD_EXECUTOR_REGRESSION, ERROR_EXECUTOR_UNHEALTHY, ERROR_TIMEOUT
 */
export async function deploy(request: DeployRequest): Promise<Deployed> {
  const { folder, release } = request;
  const unlock = await acquire(folder);
  try {
    assertRelease(folder, release);
    // Before anything is ended: what is no link cannot be switched.
    currentDigest(folder);
    const before = readDeployment(folder);
    if (before === null) return await bringFirst(request);
    return isInUse(folder, before, release) ? await keep(request, before) : await replace(request, before);
  } finally {
    await unlock();
  }
}

function isInUse(folder: ExecutorFolder, before: Deployment, { digest, name }: ExecutorRelease): boolean {
  if (before.status !== 'deployed' || before.release.name !== name) return false;
  return before.release.digest === digest && currentDigest(folder) === digest;
}

/** What is in use already still has to run and to answer; a service that somebody ended is started. */
async function keep(request: DeployRequest, before: Deployment): Promise<Deployed> {
  const { folder, release, address } = request;
  if (runningService(folder, 'service') === null || !(await isHealthy(address, release))) await serve(request, release);
  const kg = await assertAnswers(release, address, before.kg);
  return { outcome: 'NOOP_ALREADY_THERE', before: before.release, after: release, kg };
}

export interface Verified {
  readonly release: ExecutorRelease;
  readonly kg: string;
  /** How many things were looked at, so that "nothing checked" never reads as passed. */
  readonly checked: number;
}

/**
 * Looks, and changes nothing: record, link and bytes name one release, and it answers as it did when it was deployed.
 *
 * @throws C1Error HOLD_EXECUTOR_RELEASE, HOLD_EXECUTOR_REGRESSION, ERROR_EXECUTOR_UNHEALTHY
 */
export async function verify(folder: ExecutorFolder, address: Address): Promise<Verified> {
  const found = readDeployment(folder);
  if (found === null) throw notDeployed('no deploy', 'a release in use');
  const { release, status, kg } = found;
  if (status !== 'deployed') throw notDeployed('a deploy that did not come to its end', 'one that did');
  if (currentDigest(folder) !== release.digest) throw notDeployed('a link to another release', release.digest);
  assertRelease(folder, release);
  if (runningService(folder, 'service') === null || !(await isHealthy(address, release))) {
    const seen = `no process of ours, or no answer to GET /health as ${release.name} ${release.digest}`;
    throw new C1Error('ERROR_EXECUTOR_UNHEALTHY', { seen, expected: 'a service that says what it is' });
  }
  await assertAnswers(release, address, kg);
  return { release, kg, checked: CHECKS_OF_VERIFY };
}

/** Record, link, bytes, health, answers. */
const CHECKS_OF_VERIFY = 5;

function notDeployed(seen: string, expected: string): C1Error {
  return new C1Error('HOLD_EXECUTOR_RELEASE', { seen, expected, next: 'npx c1 runtime start, then npx pulumi up' });
}

/** The very first release has nothing to be compared with, and nothing to go back to. */
async function bringFirst(request: DeployRequest): Promise<Deployed> {
  const { folder, release, address } = request;
  try {
    await serve(request, release);
    const kg = await assertAnswers(release, address, null);
    writeDeployment(folder, { release, previous: null, status: 'deployed', kg });
    return { outcome: 'OK_APPLIED', before: null, after: release, kg };
  } catch (cause) {
    await stopService(folder, 'service');
    throw cause;
  }
}

async function replace(request: DeployRequest, before: Deployment): Promise<Deployed> {
  const { folder, release, address } = request;
  const { kg } = before;
  // A deploy that was killed half-way has not proved its release: what to go back to is what was there before that.
  const isHalf = before.status === 'deploying';
  const previous = isHalf ? before.previous : before.release;
  try {
    await tryOut(request, kg);
  } catch (cause) {
    if (isHalf) await giveBack(request, previous, kg, cause);
    throw cause;
  }
  writeDeployment(folder, { release, previous, status: 'deploying', kg });
  try {
    await serve(request, release);
    await assertAnswers(release, address, kg);
  } catch (cause) {
    await giveBack(request, previous, kg, cause);
  }
  writeDeployment(folder, { release, previous, status: 'deployed', kg });
  return { outcome: 'OK_APPLIED', before: previous, after: release, kg };
}

/** On a port of its own, while the release in use goes on serving. */
async function tryOut(request: DeployRequest, known: string): Promise<void> {
  const { folder, release, address, limitMs } = request;
  await stopService(folder, 'trial');
  const trial = { host: address.host, port: await getPort({ host: address.host }) };
  await startService(folder, 'trial', { release, address: trial, limitMs });
  try {
    await assertAnswers(release, trial, known);
  } finally {
    await stopService(folder, 'trial');
  }
}

/** Ends what runs, names the release in the link, and starts it. */
async function serve({ folder, address, limitMs }: DeployRequest, release: ExecutorRelease): Promise<void> {
  await stopService(folder, 'service');
  switchTo(folder, release.digest);
  await startService(folder, 'service', { release, address, limitMs });
}

async function assertAnswers(release: ExecutorRelease, address: Address, known: string | null): Promise<string> {
  if (release.name === EXECUTOR_C1) await assertC1(address);
  const seen = await kgAnswers(address);
  if (known === null || seen === known) return seen;
  throw new C1Error('HOLD_EXECUTOR_REGRESSION', {
    seen: `KG answers with SHA-256 ${seen}`,
    expected: `${known}, as the release before answered`,
  });
}

/** Back to the release before; the failure that led to it is what the caller hears. */
async function giveBack(
  request: DeployRequest,
  previous: ExecutorRelease | null,
  kg: string,
  failure: unknown,
): Promise<never> {
  if (previous === null) {
    await stopService(request.folder, 'service');
    throw failure;
  }
  try {
    await serve(request, previous);
  } catch (cause) {
    const seen = `${previous.name} not coming back (${messageOf(cause)}) after ${messageOf(failure)}`;
    throw new C1Error('ERROR_EXECUTOR_UNHEALTHY', { seen, expected: 'the release before in use again' }, { cause });
  }
  writeDeployment(request.folder, { release: previous, previous: null, status: 'deployed', kg });
  throw failure;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

async function acquire(folder: ExecutorFolder): Promise<() => Promise<void>> {
  const options = { lockfilePath: `${folder.deployed}.lock`, stale: STALE_MS, update: STALE_MS / 5, realpath: false };
  try {
    return await pRetry(() => lock(folder.root, options), {
      retries: WAIT_LIMIT_MS / WAIT_STEP_MS,
      factor: 1,
      minTimeout: WAIT_STEP_MS,
      shouldRetry: ({ error }) => 'code' in error && error.code === 'ELOCKED',
    });
  } catch (cause) {
    throw new C1Error(
      'ERROR_TIMEOUT',
      { seen: messageOf(cause), expected: 'the lock of the executor folder' },
      { cause },
    );
  }
}
