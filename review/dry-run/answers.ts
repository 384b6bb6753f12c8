import * as z from 'zod/mini';
import '../../domain/english.ts';
import { OPERATION_COUNT, SEAL } from '../../domain/dry-run.ts';

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** What the producer has to say of a dry run; anything else is none. */
export const buildAnswer = z.object({
  mode: z.literal('DRY_RUN'),
  operations: z.literal(OPERATION_COUNT),
  manifest_hash: sha256,
  computations: z.strictObject({ node: sha256, postgresql: sha256, sha256sum: sha256 }),
  agreeing: z.literal(3),
  seal: z.literal(SEAL),
  rows_before: z.literal(0),
  rows_after: z.literal(0),
  auth_code: z.string(),
  writes_db: z.literal(false),
  write_obs: z.literal(false),
});
export type BuildAnswer = z.infer<typeof buildAnswer>;

/** Of a verification, and of the use of the grant that it ends with. */
export const verifyAnswer = z.looseObject({ auth_code: z.string(), checks: z.int().check(z.positive()) });
