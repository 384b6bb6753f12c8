import type { Client } from 'pg';
import { PATCH_ACTION, patchAction, voteStatement } from '../../domain/apr.ts';
import { C1Error } from '../../domain/codes.ts';
import { actionOf } from '../../domain/plans/apr-execute.ts';
import {
  assertRequestSigned,
  type RequestRow,
  readRequest,
  readVotes,
  type VoteRow,
} from '../../dots/kernel/approvals.ts';
import { type Signers, signersOf, verify } from '../../dots/kernel/ssh.ts';
import { withClient } from '../../runtime/connect.ts';
import { connectionOf, DEFAULT_READER } from '../../runtime/connection-file.ts';
import { statePaths } from '../../runtime/paths.ts';

/** A request with what is known of its signatures; `null` means that the signature holds. */
export interface ShownRequest {
  readonly request: RequestRow;
  /** Of the time before SSH signatures: there is nothing to check. */
  readonly legacy: boolean;
  readonly fault: C1Error | null;
  readonly votes: readonly { readonly vote: VoteRow; readonly fault: C1Error | null }[];
  readonly quorum: boolean;
}

export async function listRequests(stateDir: string, all: boolean): Promise<readonly ShownRequest[]> {
  return asReader(stateDir, async (client, signers) => {
    const { rows } = await client.query<{ apr_code: string }>(
      `select q.apr_code from public.apr_requests q where $1 or q.status in ('pending', 'applied')
        order by q.created_at desc, q.apr_code`,
      [all],
    );
    const shown: ShownRequest[] = [];
    for (const { apr_code } of rows) shown.push(await show(client, signers, apr_code));
    return shown;
  });
}

/** @throws C1Error HOLD_APR_MISSING */
export async function showRequest(stateDir: string, code: string): Promise<ShownRequest> {
  return asReader(stateDir, (client, signers) => show(client, signers, code));
}

/** The new file that a patch brings. @throws C1Error REJECT_PATCH_TARGET when the request is none */
export function contentOf(request: RequestRow): Buffer {
  if (request.action_code !== PATCH_ACTION) {
    throw new C1Error('REJECT_PATCH_TARGET', {
      seen: `${request.apr_code}, which asks for ${request.action_code} and brings no file`,
      expected: `a ${PATCH_ACTION} request`,
      next: `npx c1 apr show ${request.apr_code}`,
    });
  }
  return Buffer.from(actionOf(request).new_content_base64, 'base64');
}

async function asReader<T>(stateDir: string, work: (client: Client, signers: Signers) => Promise<T>): Promise<T> {
  const paths = statePaths(stateDir);
  const { port, database } = await connectionOf(stateDir);
  return withClient(paths, { port, database, login: DEFAULT_READER }, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const answer = await work(client, signersOf(paths.secrets));
    await client.query('commit');
    return answer;
  });
}

/** @throws C1Error HOLD_APR_MISSING */
export async function show(client: Client, signers: Signers, code: string): Promise<ShownRequest> {
  const request = await readRequest(client, code);
  const votes = await readVotes(client, code);
  const { rows } = await client.query<{ passed: boolean }>('select public.quorum_passed($1) as passed', [code]);
  const legacy = isLegacy(request);
  const fault = faultOf(() => assertRequestSigned(signers, request));
  const checked = votes.map((vote) => ({
    vote,
    fault: faultOf(() =>
      verify(signers, voteStatement(request, vote.voter, vote.decision), vote.signature, vote.voter),
    ),
  }));
  // The database counts votes by their logins; without their signatures they come to nothing.
  const isSigned = legacy || [fault, ...checked.map((one) => one.fault)].every((one) => one === null);
  return { request, legacy, fault, votes: checked, quorum: rows[0]?.passed === true && isSigned };
}

/** Nothing that could still be applied: its signature is no SSH signature, and what it asks for no patch. */
function isLegacy({ proposer_signature, proposed_action }: RequestRow): boolean {
  return proposer_signature.startsWith('legacy:') && !patchAction.safeParse(proposed_action).success;
}

function faultOf(check: () => unknown): C1Error | null {
  try {
    check();
    return null;
  } catch (cause) {
    if (cause instanceof C1Error) return cause;
    throw cause;
  }
}
