import type { Client } from 'pg';
import type { Json } from '../../domain/canonical.ts';
import { ENTERED_EVIDENCE_READ, type EnteredEvidence, parseEntered } from '../../domain/dry-run-authorization.ts';
import { callGateway } from '../kernel/gateway.ts';
import { claimantOf } from './consume.ts';

/**
 * The evidence that the use of a grant has to be authorized for; that of another stack than the grant's is none.
 *
 * @param verified what the verification of the manifest said
 * @throws C1Error HOLD_DRIFT as `claimantOf`; ERROR_READ_FAILED
 */
export async function readEntered(client: Client, verified: Json): Promise<EnteredEvidence> {
  const { stack } = await claimantOf(client, verified);
  const entered = parseEntered(await callGateway<unknown>(client, { sql: ENTERED_EVIDENCE_READ, args: [] }));
  return entered?.stack === stack ? entered : null;
}
