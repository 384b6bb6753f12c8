import type { Client } from 'pg';
import type { Json } from '../../domain/canonical.ts';
import { type Acceptance, accept, type DecisionRequest, decide } from '../../domain/decide.ts';
import {
  DATABASE_HASH_READ,
  DECISION_READ,
  type DecisionState,
  decisionState,
  parseDecisionAnswer,
  VOCABULARY_READ,
} from '../../domain/decision/reads.ts';
import type { DotCode } from '../../domain/dots.ts';
import { assertReproduced } from '../../domain/dry-run.ts';
import { callGateway } from '../kernel/gateway.ts';

export interface ReadState extends DecisionState {
  /** As PostgreSQL computes it itself; null before the step that brings the function. */
  readonly databaseHash: string | null;
}

/**
 * Manifest, grant, facts and gates of the snapshot that the connection is in.
 *
 * @throws C1Error as `decisionState`; HOLD_MANIFEST_NOT_REPRODUCED when PostgreSQL has another hash than Node
 */
export async function readState(client: Client): Promise<ReadState> {
  const read = parseDecisionAnswer(await ask(client, DECISION_READ));
  const state = decisionState(read, read.table ? await ask(client, VOCABULARY_READ) : []);
  const databaseHash = read.manifest_function ? await ask<string>(client, DATABASE_HASH_READ) : null;
  if (databaseHash !== null) assertReproduced('PostgreSQL', databaseHash, state.manifest.hash);
  return { ...state, databaseHash };
}

/** The decision on the live state. @throws C1Error with the code of the refusal */
export function decideOn(
  { grant, manifest, facts, gates }: DecisionState,
  asked: DecisionRequest['asked'],
): Acceptance {
  return accept(decide({ asked, facts }, grant, manifest, gates));
}

/** What the gate of the database answers. @throws C1Error with the code of its refusal */
export function passGate(client: Client, dot: DotCode, mode: string, request: Json): Promise<Json> {
  const args = [dot, mode, JSON.stringify(request)];
  return callGateway(client, { sql: 'select public.fn_process_agent_api_dispatch($1, $2, $3) as answer', args });
}

function ask<T>(client: Client, sql: string): Promise<T> {
  return callGateway<T>(client, { sql, args: [] });
}
