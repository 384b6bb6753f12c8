import { type AskedStep, assertStanding, standingOf } from '../../domain/approval/standing.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import { judgeDecisions, type PlanStatements } from '../kernel/plan-approvals.ts';
import { signersOf } from '../kernel/ssh.ts';

/**
 * Before a step's first write, or the first retire of its rows: enough owners approved it. Each run is held against what
 * they approved once more, by the runtime itself (`iu_core.open_run`). The runtime decides whether owners are asked, not
 * whoever calls.
 *
 * @param found read in the snapshot that the state was read in
 * @returns how many decisions were looked at
 * @throws C1Error HOLD_PLAN_NOT_APPROVED; ERROR_READ_FAILED, ERROR_SSH_MISSING, HOLD_SIGNERS_MISSING
 */
export function assertStepApproved(found: PlanStatements, config: RuntimeConfig, asked: AskedStep): number {
  if (found.approvals === 'none') return 0;
  const { decisions, quorum } = judgeDecisions(found, signersOf(config.secretsDir), config.operator);
  assertStanding(standingOf(decisions, asked), asked, quorum);
  return decisions.length;
}
