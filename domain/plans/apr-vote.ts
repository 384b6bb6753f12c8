import type { Decision } from '../apr.ts';
import { C1Error } from '../codes.ts';
import type { RowRef } from '../deltas.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import { requestRef } from './apr-request.ts';
import { type DotPlan, delta, type Plan, withLedger } from './plan.ts';

/** An owner's vote: approve is a run of direction apply, deny one of direction retire, because it closes the request. */
export type Vote = {
  readonly apr_code: string;
  readonly voter: string;
  readonly decision: Decision;
  readonly signature: string;
};

export const aprVote: DotPlan<Vote> = {
  dot: 'DOT_APR_VOTE',
  subject: ({ decision, ...vote }) => (decision === 'deny' ? requestRef({ key: vote.apr_code }) : voteRef(vote)),
  scope: (vote) => [voteRef(vote), requestRef({ key: vote.apr_code }), entryRef(vote)],
  apply: (snapshot, vote) => withLedger('DOT_APR_VOTE', 'apply', voteRef(vote), planVote(snapshot, vote)),
  retire: (snapshot, vote) =>
    withLedger('DOT_APR_VOTE', 'retire', requestRef({ key: vote.apr_code }), planVote(snapshot, vote)),
};

/** The same vote again is a NOOP; another one of the same voter, or a vote on a closed request, is refused. */
function planVote(snapshot: Snapshot, vote: Vote): Plan {
  const there = rowOf(snapshot, voteRef(vote));
  if (there?.image.decision === vote.decision) return { kind: 'noop', code: 'NOOP_ALREADY_THERE' };
  if (there !== null) {
    throw new C1Error('REJECT_VOTED_TWICE', {
      seen: `${vote.voter} voting ${vote.decision} on ${vote.apr_code} after ${String(there.image.decision)}`,
      expected: 'one vote',
    });
  }
  const request = rowOf(snapshot, requestRef({ key: vote.apr_code }));
  const cast = delta(voteRef(vote), 'insert', null, { ...vote });
  // Who approves a plan approves what it will ask for: the code of a request is made of its content.
  if (request === null && vote.decision === 'approve') return { kind: 'change', deltas: [cast] };
  if (request?.image.status !== 'pending') {
    throw new C1Error('REJECT_APR_CLOSED', {
      seen: `a vote on ${vote.apr_code}, which is ${String(request?.image.status ?? 'unknown')}`,
      expected: 'a pending request',
    });
  }
  if (vote.decision === 'approve') return { kind: 'change', deltas: [cast] };
  const denied = { ...request.image, status: 'denied' };
  return { kind: 'change', deltas: [cast, delta(requestRef({ key: vote.apr_code }), 'retire', request.image, denied)] };
}

function voteRef({ apr_code, voter }: Pick<Vote, 'apr_code' | 'voter'>): RowRef {
  return { surface: 'apr_approvals', key: `${apr_code}/${voter}` };
}

function entryRef(vote: Vote): RowRef {
  return { surface: 'dot_ledger', key: `apr_approvals/${vote.apr_code}/${vote.voter}` };
}
