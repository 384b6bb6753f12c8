import type { Client } from 'pg';
import { type Decision, voteStatement } from '../../domain/apr.ts';
import { C1Error } from '../../domain/codes.ts';
import { aprVote, type Vote } from '../../domain/plans/apr-vote.ts';
import { assertRequestSigned, type RequestRow, readRequest } from '../../dots/kernel/approvals.ts';
import { runDot } from '../../dots/kernel/run.ts';
import { keyFileOf, type Signers, sign, signersOf, verify } from '../../dots/kernel/ssh.ts';
import { withClient } from '../../runtime/connect.ts';
import { connectionOf } from '../../runtime/connection-file.ts';
import { statePaths } from '../../runtime/paths.ts';
import { show } from './read.ts';

export interface Ballot {
  readonly code: string;
  readonly voter: string;
  readonly decision: Decision;
  /** Null for the stand-in's key. */
  readonly keyFile: string | null;
}

export interface Cast {
  readonly text: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
}

/**
 * Signs the request with the decision and casts the vote through the voter's own login: two separate proofs.
 *
 * @throws C1Error HOLD_APR_MISSING, REJECT_APR_ALTERED, REJECT_APR_CLOSED, REJECT_SELF_APPROVAL, REJECT_UNKNOWN_SIGNER,
 * REJECT_VOTED_TWICE
 */
export async function castVote(stateDir: string, ballot: Ballot): Promise<Cast> {
  const paths = statePaths(stateDir);
  const signers = signersOf(paths.secrets);
  const { port, database } = await connectionOf(stateDir);
  return withClient(paths, { port, database, login: ballot.voter }, async (client) => {
    const request = await readRequest(client, ballot.code);
    const signature = signed(signers, request, ballot);
    const { code, requestId } = await cast(client, { ...ballot, signature });
    const { quorum } = await show(client, signers, ballot.code);
    return {
      text: said(ballot, code, quorum),
      json: {
        code,
        apr_code: ballot.code,
        voter: ballot.voter,
        decision: ballot.decision,
        quorum_passed: quorum,
        requestId,
      },
    };
  });
}

/**
 * What is approved must be what was proposed, and by an allowed key that is not the proposer's. A denial closes a request
 * that somebody forged or altered as well.
 */
function signed(signers: Signers, request: RequestRow, { voter, decision, keyFile }: Ballot): string {
  const proposersKey = decision === 'approve' ? assertRequestSigned(signers, request) : null;
  const statement = voteStatement(request, voter, decision);
  const signature = sign(statement, keyFile ?? keyFileOf(signers, voter));
  if (verify(signers, statement, signature, voter) !== proposersKey && voter !== request.proposer) return signature;
  throw new C1Error('REJECT_SELF_APPROVAL', {
    seen: `${voter} voting on ${request.apr_code} with the key that proposed it`,
    expected: 'another person with another key',
  });
}

async function cast(client: Client, ballot: Ballot & { readonly signature: string }) {
  const { code: apr_code, voter, decision, signature } = ballot;
  const direction = decision === 'deny' ? 'retire' : 'apply';
  const { step, stack, resource } = await proposedBy(client, apr_code);
  const payload: Vote = { apr_code, voter, decision, signature };
  // A denial closes the request that its step counted; an approval is counted by its request alone.
  const input = {
    ...{ dot: 'DOT_APR_VOTE' as const, direction: direction as 'apply' | 'retire', payload },
    step: decision === 'deny' ? step : 'VOTE',
    claimant: decision === 'deny' ? { stack, resource } : { stack, resource: voter },
  };
  return runDot(client, { plan: aprVote, kind: 'vote' }, input, { dryRun: false, onRequest: () => undefined });
}

/** The run that made the request: whose it is, and of which step. */
async function proposedBy(client: Client, code: string) {
  const { rows } = await client.query<{ step: string; stack: string; resource: string }>(
    `select r.step, c.stack, c.resource from iu_core.claim c
       join lateral (select d.step from iu_core.dot_run d where d.subject = 'apr_requests/' || $1 and d.outcome = 'applied'
                      order by d.applied_seq limit 1) r on true
      where c.surface = 'apr_requests' and c.key = $1`,
    [code],
  );
  const [found] = rows;
  if (found !== undefined) return found;
  throw new C1Error('REJECT_APR_CLOSED', {
    seen: `${code}, which no run of a DOT made`,
    expected: 'a pending request',
  });
}

function said({ code: apr, voter, decision }: Ballot, code: string, quorum: boolean): readonly string[] {
  const vote = code === 'NOOP_ALREADY_THERE' ? `${voter} had voted so already` : `${voter}: ${decision}`;
  if (decision === 'deny') return [`${apr}  ${vote}; the request is closed for good`];
  return [`${apr}  ${vote}; quorum ${quorum ? 'passed, next: npx pulumi up' : 'not passed yet'}`];
}
