import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import { sameJson } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { refOf, type ScopeRef } from '../../domain/deltas.ts';
import {
  type Deployment,
  EXECUTOR_C1,
  EXECUTOR_FILES,
  EXECUTOR_ROW,
  executorImage,
  executorRelease,
  parseDeployment,
} from '../../domain/executor.ts';
import { failureParts } from '../../domain/failure.ts';
import type { RuntimeState } from '../../domain/runtime-state.ts';
import { SURFACES } from '../../domain/surfaces.ts';
import type { ReadAnswer } from './read-state.ts';
import { type Ended, runInGroup } from './subprocess.ts';

const STEP = 'W6';
const DEPLOY = './executor-deploy';

/** What is asked of the database alone. */
export function insideRefs(refs: readonly ScopeRef[]): readonly ScopeRef[] {
  return refs.filter(({ surface }) => SURFACES[surface].kind !== 'outside');
}

/**
 * Adds the executor's release to what the database answered, as one more surface: the row is live while a release for C1
 * is in use, and it drifted when link or bytes are others than the record of the deploy says.
 *
 * @throws C1Error HOLD_EXECUTOR_RELEASE for a record that cannot be read
 */
export function withExecutor(
  folder: string,
  refs: readonly ScopeRef[],
  { state, refs: answer }: ReadAnswer,
): ReadAnswer {
  const record = readRecord(folder);
  const isLive = record?.status === 'deployed' && record.release.name === EXECUTOR_C1;
  // A deploy that was killed half-way is not over: W6 has still to come to its end, or to be taken back.
  const isBegun = isLive || record?.status === 'deploying';
  const drift = record?.status === 'deployed' ? driftOf(folder, record) : [];
  const asked = refs.some((ref) => 'key' in ref && refOf(ref) === refOf(EXECUTOR_ROW));
  const rows = asked && isLive ? [{ ...EXECUTOR_ROW, image: executorImage(record.release), live: true }] : [];
  return {
    state: {
      ...state,
      drift: [...state.drift, ...drift],
      steps: isBegun ? [...state.steps, STEP] : state.steps,
      stepDeltas: isLive ? { ...state.stepDeltas, [STEP]: { [EXECUTOR_ROW.surface]: 1 } } : state.stepDeltas,
      counters: { ...state.counters, [EXECUTOR_ROW.surface]: { live: isLive ? 1 : 0, total: record === null ? 0 : 1 } },
    },
    refs: { ...answer, rows: [...answer.rows, ...rows] },
  };
}

const verified = z.object({
  code: z.literal('OK_READ'),
  release: executorRelease,
  checked: z.int().check(z.positive()),
});

/**
 * Asks the deploy's own look at the release in use: whole, healthy, C1 as it must be, KG as before.
 *
 * @returns how many things were checked
 * @throws C1Error HOLD_EXECUTOR_RELEASE, HOLD_EXECUTOR_REGRESSION, ERROR_EXECUTOR_UNHEALTHY
 */
export async function assertExecutor(folder: string, limitMs: number): Promise<number> {
  const ended = await runInGroup(DEPLOY, ['--verify'], join(folder, 'bin'), limitMs).catch((cause: unknown) => {
    throw unverified(cause instanceof Error ? cause.message : String(cause), cause);
  });
  const { release, checked } = parseVerified(ended);
  if (release.name === EXECUTOR_C1) return checked;
  throw new C1Error('HOLD_EXECUTOR_RELEASE', { seen: `${release.name} in use`, expected: EXECUTOR_C1 });
}

/**
 * The release that the one for C1 replaced is there, byte for byte: W6 can be taken back.
 *
 * @returns how many releases were looked at; none while no release for C1 is in use
 * @throws C1Error HOLD_ROLLBACK_PATH
 */
export function assertPrevious(folder: string): number {
  const record = readRecord(folder);
  if (record === null || record.release.name !== EXECUTOR_C1) return 0;
  const { previous } = record;
  const seen =
    previous === null ? 'no bundle' : digestOfRelease(join(folder, EXECUTOR_FILES.releases, previous.digest));
  if (previous !== null && seen === previous.digest) return 1;
  throw new C1Error('HOLD_ROLLBACK_PATH', {
    seen: `${refOf(EXECUTOR_ROW)}: release ${previous?.name ?? 'before it'} with ${seen}`,
    expected: `the bundle ${previous?.digest ?? 'that was in use before'}`,
  });
}

const CODES_OF_DEPLOY = ['HOLD_EXECUTOR_RELEASE', 'HOLD_EXECUTOR_REGRESSION', 'ERROR_EXECUTOR_UNHEALTHY'] as const;

function parseVerified({ status, stdout, stderr }: Ended): z.infer<typeof verified> {
  if (status !== 0) throw saidBy(stderr.trim()) ?? unverified(stderr.trim() || `exit status ${status}`);
  try {
    return verified.parse(JSON.parse(stdout));
  } catch (cause) {
    throw unverified('another answer than the release in use', cause);
  }
}

/** The failure that the deploy named, if it is one of its own. */
function saidBy(line: string): C1Error | null {
  const parts = failureParts(line);
  const code = CODES_OF_DEPLOY.find((one) => one === parts?.code);
  return parts === null || code === undefined
    ? null
    : new C1Error(code, { seen: parts.seen, expected: parts.expected });
}

function readRecord(folder: string): Deployment | null {
  const file = join(folder, EXECUTOR_FILES.deployed);
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return null;
  return parseDeployment(readFileSync(file, 'utf8'));
}

function driftOf(folder: string, { release }: Deployment): RuntimeState['drift'] {
  const written = executorImage(release);
  const seen = { ...written, digest: digestInUse(folder) };
  return sameJson(seen, written) ? [] : [{ ...EXECUTOR_ROW, written, seen }];
}

/** SHA-256 of the bundle that the link leads to; what is no link to a bundle is said so. */
function digestInUse(folder: string): string {
  const current = join(folder, EXECUTOR_FILES.current);
  try {
    const named = basename(readlinkSync(current));
    const digest = bundleDigest(current);
    return named === digest ? digest : `${digest} under the name ${named}`;
  } catch (cause) {
    return noBundle(cause);
  }
}

function digestOfRelease(release: string): string {
  try {
    return bundleDigest(release);
  } catch (cause) {
    return noBundle(cause);
  }
}

function bundleDigest(release: string): string {
  return createHash('sha256')
    .update(readFileSync(join(release, EXECUTOR_FILES.bundle)))
    .digest('hex');
}

function noBundle(cause: unknown): string {
  return `no bundle (${cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'})`;
}

function unverified(seen: string, cause?: unknown): C1Error {
  const expected = 'what executor-deploy --verify says of the release in use';
  return new C1Error('ERROR_EXECUTOR_UNHEALTHY', { seen, expected }, { cause });
}
