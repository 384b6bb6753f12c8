import { C1Error } from '../../domain/codes.ts';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { statePaths } from '../../runtime/paths.ts';
import { VOTER_LOGINS } from '../../runtime/roles.ts';
import { enterDecision } from '../approve/enter.ts';
import { discardApproval, writeApproval } from '../approve/files.ts';
import { signDecision } from '../approve/sign.ts';
import type { MadePlan } from '../walk.ts';
import { type RunOptions, run } from './engine-run.ts';

const HOUR_MS = 3_600_000;

/**
 * Both stand-ins sign and enter an approval of the whole plan. On a governed host these are people, who read the page
 * first; here their keys were made on the spot, and the demo says so.
 *
 * @param kept takes the names of the files that were written
 */
export async function bothApprove(stateDir: string, plan: PlanDocument, kept: string[]): Promise<string> {
  let votes = 0;
  for (const approver of VOTER_LOGINS) {
    const expires_at = new Date(Date.now() + HOUR_MS).toISOString();
    const order = { plan, approver, decision: 'approve' as const, steps: null, keyFile: null, expires_at };
    const signed = signDecision(statePaths(stateDir), order);
    kept.push(await writeApproval(signed));
    votes += (await enterDecision(stateDir, signed)).votes.length;
  }
  const also = votes === 0 ? '' : `, with ${votes} votes on what it will ask for`;
  return `${VOTER_LOGINS.join(' and ')} signed ${plan.plan_digest.slice(0, 16)}… with throw-away keys of this runtime (staging, no real owner)${also}`;
}

/** What nobody approved is not begun. @throws C1Error HOLD_COUNTER_DRIFT when it was */
export async function refused(stateDir: string, made: MadePlan, options: RunOptions): Promise<string> {
  try {
    await run(stateDir, made, options);
  } catch (thrown) {
    if (thrown instanceof C1Error && thrown.code === 'HOLD_PLAN_NOT_APPROVED') return thrown.code;
    throw thrown;
  }
  const expected = 'HOLD_PLAN_NOT_APPROVED';
  throw new C1Error('HOLD_COUNTER_DRIFT', { seen: 'an up that nobody approved', expected });
}

/** The decisions stay in the runtime; their files were the demo's own. */
export function discardApprovals(files: readonly string[]): void {
  for (const file of files) discardApproval(file);
}
