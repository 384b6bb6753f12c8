import type { Client } from 'pg';
import { GRANT_REQUESTS } from '../../domain/grant.ts';
import type { Authorization } from '../../domain/plans/apr-dispatch.ts';
import { liveRequest } from '../../domain/plans/apr-request.ts';
import { grantMint } from '../../domain/plans/grant-mint.ts';
import { assertQuorum, readRequest, readVotes } from '../kernel/approvals.ts';
import { runtimeConfig } from '../kernel/main.ts';
import type { DotProgram, Effects } from '../kernel/run.ts';
import { signersOf } from '../kernel/ssh.ts';

/**
 * The arm `authorize_build_step` of `dot-apr-execute` v2.3.0: mints the one grant that an approved request asks for
 * (authority.md, "Handler"). Nothing is minted without the owners' signatures over this very request, be the rows as they
 * are: the database takes a vote by its login alone.
 */
export const AUTHORIZE_ARM: Required<Pick<DotProgram<Authorization>, 'plan' | 'effects'>> = {
  plan: grantMint,
  effects: async (client: Client, _, snapshot): Promise<Effects> => {
    const request = liveRequest(snapshot, { dot_code: GRANT_REQUESTS });
    if (request?.image.status === 'pending') {
      const signers = signersOf(runtimeConfig().secretsDir);
      assertQuorum(signers, await readRequest(client, request.key), await readVotes(client, request.key));
    }
    return NOTHING;
  },
};

/** It writes rows and no files. */
const NOTHING: Effects = { place: () => undefined, undo: () => undefined };
