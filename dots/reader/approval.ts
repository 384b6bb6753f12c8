import type { Client } from 'pg';
import { type AskedStep, assertStanding, standingOf } from '../../domain/approval/standing.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import { readPlanDecisions } from '../kernel/plan-approvals.ts';
import { signersOf } from '../kernel/ssh.ts';

/**
 * Before a step's first write, or the first retire of its rows: enough owners approved it. Each run is held against what
 * they approved once more, by the runtime itself (`iu_core.open_run`).
 *
 * @param client in a transaction that only reads
 * @returns how many decisions were looked at, and who counts
 * @throws C1Error HOLD_PLAN_NOT_APPROVED
 */
export async function assertStepApproved(client: Client, config: RuntimeConfig, asked: AskedStep): Promise<number> {
  const { stack } = asked;
  const signers = signersOf(config.secretsDir);
  const { quorum, decisions } = await readPlanDecisions(client, signers, { stack, operator: config.operator });
  assertStanding(standingOf(decisions, asked), asked, quorum);
  return decisions.length;
}
