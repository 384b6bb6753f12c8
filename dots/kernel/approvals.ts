import type { Client } from 'pg';
import {
  type AprRequest,
  type Decision,
  knownAction,
  QUORUM,
  REQUEST_DAYS,
  type RiskClass,
  requestStatement,
  VOTE_DAYS,
  voteStatement,
} from '../../domain/apr.ts';
import { C1Error } from '../../domain/codes.ts';
import { type Signers, type VerifyOptions, verify } from './ssh.ts';

/** A request as its table has it. */
export interface RequestRow extends AprRequest {
  readonly status: string;
  readonly proposer_signature: string;
  readonly created_at: Date;
  readonly applied_at: Date | null;
  /** Still pending, and past its expiry by the clock of the database. */
  readonly past: boolean;
}

export interface VoteRow {
  readonly apr_code: string;
  readonly voter: string;
  readonly decision: Decision;
  readonly signature: string;
  readonly at: Date;
  /** Fresh enough to count, by the clock of the database. */
  readonly counts: boolean;
}

/** @throws C1Error HOLD_APR_MISSING when there is no request of that code */
export async function readRequest(client: Client, aprCodeText: string): Promise<RequestRow> {
  const sql = 'select q.*, iu_core.is_past(q) as past from public.apr_requests q where q.apr_code = $1';
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
  const sql = `select v.*, iu_core.vote_counts(v, q.applied_at) as counts
    from public.apr_approvals v join public.apr_requests q on q.apr_code = v.apr_code where v.apr_code = $1 order by v.at, v.voter`;
  return (await client.query<VoteRow>(sql, [aprCodeText])).rows;
}

/**
 * The request is what its proposer signed, and its code is made of it.
 *
 * @returns the fingerprint of the proposer's key
 * @throws C1Error REJECT_APR_ALTERED, REJECT_UNKNOWN_SIGNER, REJECT_SIGNER_REVOKED
 */
export function assertRequestSigned(signers: Signers, request: RequestRow, options: VerifyOptions = {}): string {
  const { proposer, proposer_signature } = request;
  if (knownAction(request) !== null)
    return verify(signers, requestStatement(request), proposer_signature, proposer, options);
  throw new C1Error('REJECT_APR_ALTERED', {
    seen: `${request.apr_code} with a content that its code is not made of`,
    expected: 'the request as it was proposed',
  });
}

/**
 * Enough owners approved this very request, each with a key of his own that is not the proposer's.
 *
 * @param undoes true where what they approved is taken back: neither time nor a revoked key keeps it in place
 * @returns the voters who count
 * @throws C1Error HOLD_APR_AWAITING_QUORUM, HOLD_APR_EXPIRED, REJECT_APR_ALTERED, REJECT_UNKNOWN_SIGNER,
 * REJECT_SIGNER_REVOKED, REJECT_SELF_APPROVAL
 */
export function assertQuorum(
  signers: Signers,
  request: RequestRow,
  votes: readonly VoteRow[],
  { undoes = false }: { readonly undoes?: boolean } = {},
): readonly string[] {
  const options = { evenRevoked: undoes };
  const keys = new Map([[assertRequestSigned(signers, request, options), request.proposer]]);
  if (!undoes) assertOpen(request);
  const counted: string[] = [];
  let stale = 0;
  for (const vote of votes) {
    const key = verify(signers, voteStatement(request, vote.voter, vote.decision), vote.signature, vote.voter, options);
    if (vote.decision === 'deny') throw awaiting(request, counted, `a denial by ${vote.voter}`);
    assertOwnKey(keys, key, vote.voter, request);
    if (vote.counts || undoes) counted.push(vote.voter);
    else stale += 1;
  }
  const needed = QUORUM[request.risk_class];
  if (counted.length >= needed) return counted;
  const over = stale === 0 ? '' : `, ${stale} more than ${VOTE_DAYS} days old`;
  throw awaiting(request, counted, `${counted.length} of ${needed} approvals${over}`);
}

function assertOpen({ apr_code, past, created_at }: RequestRow): void {
  if (!past) return;
  const seen = `${apr_code}, open since ${created_at.toISOString()}`;
  throw new C1Error('HOLD_APR_EXPIRED', { seen, expected: `a request of less than ${REQUEST_DAYS} days` });
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
