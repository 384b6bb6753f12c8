import * as z from 'zod/mini';
import { digestOf, type Json } from './canonical.ts';
import { C1Error } from './codes.ts';
import { withoutDigests } from './digests.ts';
import './english.ts';

/** Of every dry run, KG's and C1's alike. */
export const SEAL = 'WITHHELD_DRY_RUN';
/** How many canonical operations C1 has (executor.md). */
export const OPERATION_COUNT = 14;

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const count = z.int().check(z.minimum(0));

/** The answer of the executor to a dry run of C1: every field, and no other. */
export const dryRunAnswer = z.strictObject({
  dot_code: z.literal('DOT_C1_VOCAB_BUILD'),
  mode: z.literal('DRY_RUN'),
  validated: z.literal(true),
  writes_db: z.literal(false),
  write_obs: z.literal(false),
  operations: count,
  /** What it says is not looked at: its hash has to be the one that is known. */
  manifest: z.looseObject({ operations: z.array(z.unknown()) }),
  manifest_hash: sha256,
  /** As PostgreSQL computed it over bytes that it canonicalised itself. */
  database_hash: sha256,
  seal: z.literal(SEAL),
  rows_before: count,
  rows_after: count,
  auth_code: z.string().check(z.minLength(1)),
  label: z.array(z.string()),
});
export type DryRunAnswer = z.infer<typeof dryRunAnswer>;

/** @throws C1Error REJECT_ACTION_SET_MISMATCH */
export function assertOperations(operations: unknown): void {
  if (operations === OPERATION_COUNT) return;
  const seen = `${String(operations)} operations`;
  throw new C1Error('REJECT_ACTION_SET_MISMATCH', { seen, expected: `${OPERATION_COUNT} operations` });
}

/**
 * What has to hold of a dry run that was made: the manifest has the hash that it is said to have, for Node and for
 * PostgreSQL, and no row of the vocabulary was there before or after.
 *
 * @throws C1Error HOLD_MANIFEST_NOT_REPRODUCED, HOLD_COUNTER_DRIFT
 */
export function assertMade(made: Readonly<Record<string, unknown>>): void {
  const { manifest, manifest_hash, database_hash, rows_before, rows_after } = made;
  const expected = String(manifest_hash);
  assertReproduced('Node', digestOf((manifest ?? null) as Json), expected);
  assertReproduced('PostgreSQL', String(database_hash), expected);
  if (rows_before === 0 && rows_after === 0) return;
  const seen = `${String(rows_before)} rows of the vocabulary before, ${String(rows_after)} after`;
  throw new C1Error('HOLD_COUNTER_DRIFT', { seen, expected: '0 before and after a dry run' });
}

/** @throws C1Error HOLD_MANIFEST_NOT_REPRODUCED */
export function assertReproduced(by: string, seen: string, expected: string): void {
  if (seen === expected) return;
  throw new C1Error('HOLD_MANIFEST_NOT_REPRODUCED', {
    seen: withoutDigests(`manifest hash ${seen} by ${by}`),
    expected: withoutDigests(expected),
  });
}
