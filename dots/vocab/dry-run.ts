import type { Client } from 'pg';
import { canonicalJson, type Json, sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { assertMade, assertOperations, assertReproduced, type DryRunAnswer } from '../../domain/dry-run.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import { readEndpoint } from './endpoint.ts';
import { askDryRun } from './executor.ts';
import { assertSummed } from './files.ts';
import type { AskedOfDot } from './request.ts';
import type { ReadState } from './state.ts';

/**
 * A governed dry run: the executor makes it, and every word of its answer is looked at here (executor.md, "Modes").
 *
 * @param state as it was read here, in the snapshot that `client` is in
 * @throws C1Error as `askDryRun`, `checked`
 */
export async function dryRun(
  client: Client,
  state: ReadState,
  asked: AskedOfDot,
  config: RuntimeConfig,
): Promise<Readonly<Record<string, Json>>> {
  // Asked behind the gate, which lets no dry run of a contract without endpoint through.
  const endpoint = await readEndpoint(client, asked.dot_code);
  return checked(await askDryRun(config, endpoint, asked), state);
}

/**
 * @throws C1Error REJECT_ACTION_SET_MISMATCH, HOLD_MANIFEST_NOT_REPRODUCED, HOLD_COUNTER_DRIFT; HOLD_DRIFT when it was
 * made for another grant than the one of this database
 */
function checked(answer: DryRunAnswer, { manifest, grant }: ReadState): Readonly<Record<string, Json>> {
  const { operations, seal, rows_before, rows_after, auth_code, writes_db, write_obs } = answer;
  assertOperations(operations);
  assertOperations(answer.manifest.operations.length);
  assertMade(answer);
  // Canonicalised here: the bytes of the answer are the executor's.
  const bytes = Buffer.from(canonicalJson(answer.manifest as Json), 'utf8');
  const hash = sha256Hex(bytes);
  assertReproduced('the executor', hash, manifest.hash);
  assertSummed(bytes, hash);
  assertGrant(auth_code, grant);
  const computations = { node: hash, postgresql: answer.database_hash, sha256sum: hash };
  const agreeing = Object.values(computations).filter((one) => one === hash).length;
  const made = { manifest_hash: hash, operations, computations, agreeing, seal, rows_before, rows_after, auth_code };
  return { ...made, writes_db, write_obs };
}

function assertGrant(seen: string, grant: unknown): void {
  const expected = typeof grant === 'object' && grant !== null && 'auth_code' in grant ? grant.auth_code : null;
  if (seen === expected) return;
  throw new C1Error('HOLD_DRIFT', {
    seen: `a dry run for the grant ${JSON.stringify(seen)}`,
    expected: `${JSON.stringify(expected)}, as this database has it`,
  });
}
