import getPort from 'get-port';
import pRetry from 'p-retry';
import { lock } from 'proper-lockfile';
import { C1Error } from '../../domain/codes.ts';
import {
  assertRelease,
  currentDigest,
  type Deployment,
  type ExecutorFolder,
  type Release,
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
  readonly release: Release;
  /** Where the service listens. */
  readonly address: Address;
  /** Whether it has to answer for C1. */
  readonly servesC1: boolean;
  /** How long a release may take until it answers, in milliseconds. */
  readonly limitMs: number;
}

export interface Deployed {
  readonly outcome: 'OK_APPLIED' | 'NOOP_ALREADY_THERE';
  readonly before: Release | null;
  readonly after: Release;
  /** SHA-256 of the KG answers, the same before and after. */
  readonly kg: string;
}

/**
 * Brings one release into use (executor.md, "The image"): tried on a port of its own first, switched by one rename, and
 * taken back when it is not healthy or answers KG otherwise than the release before. Run again after a kill, it completes.
 *
 * @throws C1Error HOLD_EXECUTOR_RELEASE, HOLD_EXECUTOR_REGRESSION, ERROR_EXECUTOR_UNHEALTHY, ERROR_PORT_TAKEN, ERROR_TIMEOUT
 */
export async function deploy(request: DeployRequest): Promise<Deployed> {
  const { folder, release } = request;
  const unlock = await acquire(folder);
  try {
    assertRelease(folder, release);
    const before = readDeployment(folder);
    return isInUse(folder, before, release) ? await keep(request, before) : await replace(request, before);
  } finally {
    await unlock();
  }
}

function isInUse(folder: ExecutorFolder, before: Deployment | null, { digest, name }: Release): before is Deployment {
  if (before?.status !== 'deployed' || before.release.name !== name) return false;
  return before.release.digest === digest && currentDigest(folder) === digest;
}

/** What is in use already still has to run and to answer; a service that somebody ended is started. */
async function keep(request: DeployRequest, before: Deployment): Promise<Deployed> {
  const { folder, release, address } = request;
  if (runningService(folder, 'service') === null || !(await isHealthy(address, release))) await serve(request, release);
  const kg = await assertAnswers(request, address, before.kg);
  writeDeployment(folder, { ...before, kg });
  return { outcome: 'NOOP_ALREADY_THERE', before: before.release, after: release, kg };
}

async function replace(request: DeployRequest, before: Deployment | null): Promise<Deployed> {
  const { folder, release, address } = request;
  const known = await answersBefore(request, before);
  const kg = await tryOut(request, known);
  // A deploy that was killed half-way has not proved its release: what to go back to is what was there before that.
  const previous = before?.status === 'deploying' ? before.previous : (before?.release ?? null);
  writeDeployment(folder, { release, previous, status: 'deploying', kg });
  try {
    await serve(request, release);
    await assertAnswers(request, address, kg);
  } catch (cause) {
    await giveBack(request, previous, kg, cause);
  }
  writeDeployment(folder, { release, previous, status: 'deployed', kg });
  return { outcome: 'OK_APPLIED', before: previous, after: release, kg };
}

/** What KG has to answer: as recorded, else as the service in use answers now; null for the very first release. */
async function answersBefore({ address }: DeployRequest, before: Deployment | null): Promise<string | null> {
  if (before === null) return null;
  return before.kg ?? (await kgAnswers(address));
}

/** On a port of its own, while the release in use goes on serving. */
async function tryOut(request: DeployRequest, known: string | null): Promise<string> {
  const { folder, release, address, limitMs } = request;
  await stopService(folder, 'trial');
  const trial = { host: address.host, port: await getPort({ host: address.host }) };
  await startService(folder, 'trial', { release, address: trial, limitMs });
  try {
    return await assertAnswers(request, trial, known);
  } finally {
    await stopService(folder, 'trial');
  }
}

/** Ends what runs, names the release in the link, and starts it. */
async function serve({ folder, address, limitMs }: DeployRequest, release: Release): Promise<void> {
  await stopService(folder, 'service');
  switchTo(folder, release.digest);
  await startService(folder, 'service', { release, address, limitMs });
}

async function assertAnswers({ servesC1 }: DeployRequest, address: Address, known: string | null): Promise<string> {
  if (servesC1) await assertC1(address);
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
  previous: Release | null,
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
    const seen = cause instanceof Error ? cause.message : String(cause);
    throw new C1Error('ERROR_TIMEOUT', { seen, expected: 'the lock of the executor folder' }, { cause });
  }
}
