import * as z from 'zod/mini';
import { C1Error } from './codes.ts';
import type { RowRef } from './deltas.ts';
import './english.ts';

/** The executor's releases by name, as they are called on the governed host (executor.md, "Executor"). */
export const EXECUTOR_V1 = 'agent-api-executor-local:v1';
/** KG and C1; what W6 deploys. */
export const EXECUTOR_C1 = 'agent-api-executor-local:c1-v1';
/** Name of the service: host name and, in `endpoint_ref`, address; the key of its one row. */
export const EXECUTOR_HOST = 'incomex-agent-api-executor';
/** `endpoint_ref` of the producer's contract, always this literal; a runtime may map the name to an address of its own. */
export const EXECUTOR_ENDPOINT = `http://${EXECUTOR_HOST}:8090/dispatch` as const;

/** The one row of the surface that is outside of the database. */
export const EXECUTOR_ROW: RowRef = { surface: 'executor_image', key: EXECUTOR_HOST };

/** Names in the executor's folder that the deploy writes, and reader and program look at. */
export const EXECUTOR_FILES = {
  /** Link to the release that runs. */
  current: 'current',
  /** Record of the last deploy. */
  deployed: 'deployed.json',
  /** What the last build brought. */
  build: 'build.json',
  /** Folder of the releases, each in one of the name of its digest. */
  releases: 'releases',
  /** In the folder of each release. */
  bundle: 'executor.cjs',
} as const;

/** A release: its name, and the lower-case hex SHA-256 of its bundle. */
export const executorRelease = z.strictObject({
  name: z.enum([EXECUTOR_V1, EXECUTOR_C1]),
  digest: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});
export type ExecutorRelease = z.infer<typeof executorRelease>;

/** What a build brings: a release of each name. */
export const executorBuild = z.strictObject({ v1: executorRelease, c1: executorRelease });
export type ExecutorBuild = z.infer<typeof executorBuild>;

/** What a release says of itself that can reach its database and writes nothing. */
export const healthAnswer = z.object({
  status: z.literal('ok'),
  writes_db: z.literal(false),
  release: z.object({ name: z.string(), digest: z.string() }),
});

/** What PLAN_ONLY of C1 answers where a dry run could be. */
export const planAnswer = z.object({
  validated: z.literal(true),
  endpoint_present: z.literal(true),
  true_dry_run_possible: z.literal(true),
  writes_db: z.literal(false),
  write_obs: z.literal(false),
});

const deployment = z.strictObject({
  release: executorRelease,
  /** What to go back to; null after the very first deploy. */
  previous: z.nullable(executorRelease),
  /** `deploying` while the switch is not known to be good. */
  status: z.enum(['deploying', 'deployed']),
  /** SHA-256 of the KG answers that every release has to give. */
  kg: z.string(),
});
/** The record of the last deploy, which is written before and after the switch. */
export type Deployment = z.infer<typeof deployment>;

/** @throws C1Error HOLD_EXECUTOR_RELEASE for a record that is not whole */
export function parseDeployment(text: string): Deployment {
  try {
    return deployment.parse(JSON.parse(text));
  } catch (cause) {
    const seen = 'a record of the last deploy that is not whole';
    throw new C1Error('HOLD_EXECUTOR_RELEASE', { seen, expected: 'release, status and answers' }, { cause });
  }
}

/** The row that W6 brings: the release for C1 in use; what KG alone had is no row of ours. */
export function executorImage({ name, digest }: ExecutorRelease): Readonly<Record<string, string>> {
  return { service: EXECUTOR_HOST, release: name, digest };
}
