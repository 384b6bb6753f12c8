import { EXECUTOR_ROW } from '../../domain/executor.ts';
import type { ClaimedRow } from '../../domain/readiness/rollback.ts';
import type { RuntimeState } from '../../domain/runtime-state.ts';
import { type RefsAnswer, type Snapshot, snapshotOf } from '../../domain/snapshot.ts';
import { BEGIN_READ } from '../../dots/kernel/connection.ts';
import { callGateway, gatewayCall } from '../../dots/kernel/gateway.ts';
import { insideRefs, withExecutor } from '../../dots/reader/executor.ts';
import { one, parseState } from '../../dots/reader/read-state.ts';
import { readClaims, refsFor } from '../../dots/readiness/rollback.ts';
import { withClient } from '../../runtime/connect.ts';
import { connectionOf, DEFAULT_READER } from '../../runtime/connection-file.ts';
import { statePaths } from '../../runtime/paths.ts';
import { POSITION } from '../walk.ts';

export interface ClaimedState {
  readonly state: RuntimeState;
  /** Every live row that a resource owns, of whatever stack. */
  readonly claims: readonly ClaimedRow[];
  /** What the retires of those rows read. */
  readonly snapshot: Snapshot;
  /** Of the last applied run: what the journal says later is later. */
  readonly position: string;
}

/**
 * The runtime as a retire is planned on it, of one database snapshot, by a login that may not write.
 *
 * @throws C1Error ERROR_RUNTIME_UNREACHABLE, ERROR_READ_FAILED, ERROR_DATABASE, HOLD_EXECUTOR_RELEASE
 */
export async function readClaimedState(stateDir: string): Promise<ClaimedState> {
  const paths = statePaths(stateDir);
  const target = { ...(await connectionOf(stateDir)), login: DEFAULT_READER };
  return withClient(paths, target, async (client) => {
    await client.query(BEGIN_READ);
    const claims = await readClaims(client);
    const refs = [...refsFor(claims), EXECUTOR_ROW];
    const asked = JSON.stringify(insideRefs(refs));
    const inside = await callGateway<RefsAnswer>(client, gatewayCall('read_refs', [asked]));
    const state = parseState(await callGateway(client, gatewayCall('read_state', [])));
    const { position } = await one<{ position: string }>(client, POSITION);
    await client.query('commit');
    const read = withExecutor(paths.executor, refs, { state, refs: inside });
    return { state: read.state, claims, snapshot: snapshotOf(refs, read.refs), position };
  });
}
