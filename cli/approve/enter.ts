import type { Client } from 'pg';
import type { SignedApproval } from '../../domain/approval/statement.ts';
import { canonicalJson, type Json } from '../../domain/canonical.ts';
import { aprVote, type Vote } from '../../domain/plans/apr-vote.ts';
import { databaseError } from '../../dots/kernel/database-errors.ts';
import { runDot } from '../../dots/kernel/run.ts';
import { withClient } from '../../runtime/connect.ts';
import { connectionOf } from '../../runtime/connection-file.ts';
import { statePaths } from '../../runtime/paths.ts';

export interface Entered {
  readonly code: 'OK_APPLIED' | 'NOOP_ALREADY_THERE';
  /** Requests that were voted on, whether they are there yet or not. */
  readonly votes: readonly string[];
}

/**
 * Enters a decision in the runtime by the approver's own login: the second proof. The decision first: where it
 * is refused there are no votes. The same again enters the votes that are missing.
 *
 * @param onDecided called once the runtime has the decision, whatever becomes of the votes
 * @throws C1Error REJECT_PLAN_OTHER_TARGET, REJECT_PLAN_EXPIRED, REJECT_PLAN_DENIED, REJECT_VOTED_TWICE, …
 */
export async function enterDecision(
  stateDir: string,
  signed: SignedApproval,
  onDecided: () => void = () => undefined,
): Promise<Entered> {
  const { approver, stack } = signed.statement;
  const { port, database } = await connectionOf(stateDir);
  return withClient(statePaths(stateDir), { port, database, login: approver }, async (client) => {
    const code = await decide(client, signed);
    onDecided();
    const votes: string[] = [];
    for (const { apr_code, signature } of signed.votes) {
      await vote(client, { apr_code, voter: approver, decision: 'approve', signature }, stack);
      votes.push(apr_code);
    }
    return { code, votes };
  });
}

async function decide(client: Client, { statement, signature }: SignedApproval): Promise<Entered['code']> {
  try {
    const { rows } = await client.query<{ code: Entered['code'] }>('select iu_core.decide_plan($1, $2) as code', [
      canonicalJson(statement as unknown as Json),
      signature,
    ]);
    const [row] = rows;
    if (row === undefined) throw new TypeError('no row from a select without from');
    return row.code;
  } catch (cause) {
    throw databaseError(cause);
  }
}

/** A vote that he cast before, on the same request, is as good. */
function vote(client: Client, payload: Vote, stack: string): Promise<unknown> {
  const claimant = { stack, resource: payload.voter };
  const input = { dot: 'DOT_APR_VOTE' as const, direction: 'apply' as const, payload, step: 'VOTE', claimant };
  return runDot(client, { plan: aprVote, kind: 'vote' }, input, { dryRun: false, onRequest: () => undefined });
}
