import type { Client } from 'pg';
import { type AskedStep, assertStanding, standingOf } from '../../domain/approval/standing.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import { judgeDecisions, type PlanDecisions, readPlanStatements } from '../kernel/plan-approvals.ts';
import { signersOf } from '../kernel/ssh.ts';

/**
 * What owners decided about plans of a stack, each with its signature checked; null where the runtime asks none of them.
 *
 * @param client in the transaction that the state is read in
 * @param stack null for the stack of the open baseline
 * @throws C1Error ERROR_READ_FAILED; ERROR_SSH_MISSING, HOLD_SIGNERS_MISSING
 */
export async function readApprovals(
  client: Client,
  config: RuntimeConfig,
  stack: string | null,
): Promise<PlanDecisions | null> {
  const statements = await readPlanStatements(client, stack);
  if (statements.approvals === 'none') return null;
  return judgeDecisions(statements, signersOf(config.secretsDir), config.operator);
}

/**
 * Before a step's first write, or the first retire of its rows: enough owners approved it. Each run is held against what
 * they approved once more, by the runtime itself (`iu_core.open_run`). The runtime decides whether owners are asked, not
 * whoever calls.
 *
 * @returns how many decisions were looked at
 * @throws C1Error HOLD_PLAN_NOT_APPROVED
 */
export function assertStepApproved(found: PlanDecisions | null, asked: AskedStep): number {
  if (found === null) return 0;
  assertStanding(standingOf(found.decisions, asked), asked, found.quorum);
  return found.decisions.length;
}
