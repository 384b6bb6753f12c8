import type { Command } from 'commander';
import { type JudgedDecision, standingOf } from '../domain/approval/standing.ts';
import { STEP_IDS } from '../domain/steps/step.ts';
import { type PlanDecisions, readPlanDecisions } from '../dots/kernel/plan-approvals.ts';
import { signersOf } from '../dots/kernel/ssh.ts';
import { withClient } from '../runtime/connect.ts';
import { connectionOf, DEFAULT_READER } from '../runtime/connection-file.ts';
import { stateDirOf, statePaths } from '../runtime/paths.ts';
import { OPERATOR } from '../runtime/stand-in-keys.ts';
import { STACK } from './engine.ts';
import { examples, printAnswer } from './output.ts';

/** `c1 approvals`: who decided what, as the runtime has it, with each signature checked. */
export function addApprovals(program: Command): void {
  program
    .command('approvals')
    .description('print what owners decided about the plans of a stack, and how each step stands; writes nothing')
    .option('--stack <name>', 'the stack', STACK)
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('npx c1 approvals', 'npx c1 approvals --json'))
    .action(async ({ stack, json = false }: { readonly stack: string; readonly json?: boolean }) => {
      const found = await readDecisions(stateDirOf(process.env), stack);
      const steps = standings(found, stack);
      const decisions = found.decisions.map(shown);
      const text = [
        ...(decisions.length === 0 ? ['no decision yet, next: npx c1 review, then npx c1 approve'] : []),
        ...found.decisions.map(lineOf),
        ...steps.map(({ step, direction, state }) => `${direction.padEnd(6)} ${step.padEnd(8)} ${state}`),
      ];
      await printAnswer({ text, json: { code: 'OK_READ', quorum: found.quorum, decisions, steps } }, json);
    });
}

/** Through the login that only reads. */
export async function readDecisions(stateDir: string, stack: string): Promise<PlanDecisions> {
  const paths = statePaths(stateDir);
  const { port, database } = await connectionOf(stateDir);
  return withClient(paths, { port, database, login: DEFAULT_READER }, (client) =>
    readPlanDecisions(client, signersOf(paths.secrets), { stack, operator: OPERATOR }),
  );
}

function standings({ decisions, quorum }: PlanDecisions, stack: string) {
  return (['apply', 'retire'] as const).flatMap((direction) =>
    STEP_IDS.filter((step) => decisions.some((one) => isOf(one, direction, step))).map((step) => {
      const { approvers, deniedBy } = standingOf(decisions, { stack, step, direction, definition: null });
      const count = `${approvers.length} of ${quorum}${approvers.length === 0 ? '' : ` (${approvers.join(', ')})`}`;
      const state = deniedBy.length > 0 ? `denied by ${deniedBy.join(', ')}` : `approved by ${count}`;
      return { step, direction, approvers, deniedBy, state };
    }),
  );
}

function isOf({ statement }: JudgedDecision, direction: string, step: string): boolean {
  return statement.direction === direction && statement.steps.some(({ id }) => id === step);
}

function shown({ statement, isOver, fault }: JudgedDecision) {
  const { approver, decision, direction, plan_digest, expires_at, steps } = statement;
  return { approver, decision, direction, plan_digest, expires_at, steps: steps.map(({ id }) => id), isOver, fault };
}

function lineOf(one: JudgedDecision): string {
  const { approver, decision, direction, plan_digest, expires_at, steps, isOver, fault } = shown(one);
  const standing = fault ?? (isOver ? `was good until ${expires_at}` : `good until ${expires_at}`);
  return `${approver}: ${decision} ${direction} of ${steps.join(', ')}, plan ${plan_digest.slice(0, 12)}…, ${standing}`;
}
