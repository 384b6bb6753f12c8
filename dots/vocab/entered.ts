import type { Client } from 'pg';
import { ENTERED_EVIDENCE_READ, type EnteredEvidence, parseEntered } from '../../domain/dry-run-authorization.ts';
import { callGateway } from '../kernel/gateway.ts';

/** The evidence that the use of a grant has to be authorized over. @throws C1Error ERROR_READ_FAILED */
export async function readEntered(client: Client): Promise<EnteredEvidence> {
  return parseEntered(await callGateway<unknown>(client, { sql: ENTERED_EVIDENCE_READ, args: [] }));
}
