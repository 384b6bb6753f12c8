import type { Client } from 'pg';
import { GRANT_REQUESTS } from '../../domain/grant.ts';
import { liveRequest } from '../../domain/plans/apr-request.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { assertQuorum, readRequest, readVotes } from '../kernel/approvals.ts';
import { runtimeConfig } from '../kernel/main.ts';
import type { Effects } from '../kernel/run.ts';
import { signersOf } from '../kernel/ssh.ts';

const NOTHING: Effects = { place: () => undefined, undo: () => undefined };

/**
 * Nothing is minted without the owners' signatures over this very request, be the rows as they are: the database takes a
 * vote by its login alone.
 *
 * @throws C1Error as `assertQuorum`
 */
export async function mintEffects(client: Client, snapshot: Snapshot): Promise<Effects> {
  const request = liveRequest(snapshot, { dot_code: GRANT_REQUESTS });
  if (request?.image.status === 'pending') {
    const signers = signersOf(runtimeConfig().secretsDir);
    assertQuorum(signers, await readRequest(client, request.key), await readVotes(client, request.key));
  }
  return NOTHING;
}
