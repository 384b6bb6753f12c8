import type { Client } from 'pg';
import {
  type AprRequest,
  aprCode,
  type Decision,
  PATCH_ACTION,
  patchAction,
  QUORUM,
  type RiskClass,
  requestStatement,
  voteStatement,
} from '../../domain/apr.ts';
import { C1Error } from '../../domain/codes.ts';
import { type Signers, verify } from './ssh.ts';

/** A request as its table has it. */
export interface RequestRow extends AprRequest {
  readonly status: string;
  readonly proposer_signature: string;
  readonly created_at: Date;
  readonly applied_at: Date | null;
}

export interface VoteRow {
  readonly apr_code: string;
  readonly voter: string;
  readonly decision: Decision;
  readonly signature: string;
  readonly at: Date;
}

/** @throws C1Error HOLD_APR_MISSING when there is no request of that code */
export async function readRequest(client: Client, aprCodeText: string): Promise<RequestRow> {
  const sql = 'select * from public.apr_requests q where q.apr_code = $1';
  const { rows } = await client.query<RequestRow>(sql, [aprCodeText]);
  const [found] = rows;
  if (found !== undefined) return found;
  throw new C1Error('HOLD_APR_MISSING', {
    seen: `no request ${JSON.stringify(aprCodeText)}`,
    expected: 'one that npx c1 apr list shows',
    next: 'npx c1 apr list',
  });
}

export async function readVotes(client: Client, aprCodeText: string): Promise<readonly VoteRow[]> {
  const sql = 'select * from public.apr_approvals v where v.apr_code = $1 order by v.at, v.voter';
  return (await client.query<VoteRow>(sql, [aprCodeText])).rows;
}

/**
 * The request is what its proposer signed, and its code is made of it.
 *
 * @returns the fingerprint of the proposer's key
 * @throws C1Error REJECT_APR_ALTERED, REJECT_UNKNOWN_SIGNER
 */
export function assertRequestSigned(signers: Signers, request: RequestRow): string {
  const action = patchAction.safeParse(request.proposed_action);
  const isNamed =
    request.action_code === PATCH_ACTION && action.success && aprCode(PATCH_ACTION, action.data) === request.apr_code;
  if (isNamed) return verify(signers, requestStatement(request), request.proposer_signature, request.proposer);
  throw new C1Error('REJECT_APR_ALTERED', {
    seen: `${request.apr_code} with a content that its code is not made of`,
    expected: 'the request as it was proposed',
  });
}

/**
 * Enough owners approved this very request, each with a key of his own that is not the proposer's.
 *
 * @returns the voters who count
 * @throws C1Error HOLD_APR_AWAITING_QUORUM, REJECT_APR_ALTERED, REJECT_UNKNOWN_SIGNER, REJECT_SELF_APPROVAL
 */
export function assertQuorum(signers: Signers, request: RequestRow, votes: readonly VoteRow[]): readonly string[] {
  const keys = new Map([[assertRequestSigned(signers, request), request.proposer]]);
  const counted: string[] = [];
  for (const vote of votes) {
    const key = verify(signers, voteStatement(request, vote.voter, vote.decision), vote.signature, vote.voter);
    if (vote.decision === 'deny') throw awaiting(request, counted, `a denial by ${vote.voter}`);
    assertOwnKey(keys, key, vote.voter, request);
    counted.push(vote.voter);
  }
  const needed = QUORUM[request.risk_class];
  if (counted.length >= needed) return counted;
  throw awaiting(request, counted, `${counted.length} of ${needed} approvals`);
}

/** One key under two names is one person: the proposer's counts as his, and a voter's counts once. */
function assertOwnKey(keys: Map<string, string>, key: string, voter: string, request: RequestRow): void {
  const other = keys.get(key);
  if (other !== undefined || voter === request.proposer) {
    throw new C1Error('REJECT_SELF_APPROVAL', {
      seen: `${request.apr_code} approved by ${voter} with the key of ${other ?? voter}`,
      expected: 'another person with another key',
    });
  }
  keys.set(key, voter);
}

function awaiting({ apr_code, proposer, risk_class }: RequestRow, counted: readonly string[], seen: string): C1Error {
  const by = counted.length === 0 ? '' : ` (${counted.join(', ')})`;
  return new C1Error('HOLD_APR_AWAITING_QUORUM', {
    seen: `${apr_code} with ${seen}${by}`,
    expected: `${neededBy(risk_class)} by owners other than ${proposer}, and no denial`,
    next: `npx c1 apr show ${apr_code}, npx c1 apr approve ${apr_code} --as <owner> by each, then npx pulumi up`,
  });
}

function neededBy(risk: RiskClass): string {
  return `${QUORUM[risk]} approval${QUORUM[risk] === 1 ? '' : 's'}`;
}
