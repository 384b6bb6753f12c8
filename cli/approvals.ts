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
      const about = decisions.filter((one) => isOf(one, direction, step));
      const definition = direction === 'retire' ? null : newestDefinition(about, step);
      const { approvers, deniedBy } = standingOf(decisions, { stack, step, direction, definition, bins: null });
      const count = `${approvers.length} of ${quorum}${approvers.length === 0 ? '' : ` (${approvers.join(', ')})`}`;
      const left = isUsed(about, step) ? '; every run of it was made' : '';
      const state = deniedBy.length > 0 ? `denied by ${deniedBy.join(', ')}` : `approved by ${count}${left}`;
      return { step, direction, approvers, deniedBy, state };
    }),
  );
}

/** What the step said when it was last decided about: approvals of what it said before do not count for it. */
function newestDefinition(about: readonly JudgedDecision[], step: string): string | null {
  return about.at(-1)?.statement.steps.find(({ id }) => id === step)?.definition_digest ?? null;
}

function isUsed(about: readonly JudgedDecision[], step: string): boolean {
  const approvals = about.filter(({ statement }) => statement.decision === 'approve');
  return approvals.length > 0 && approvals.every(({ used }) => used.includes(step));
}

function isOf({ statement }: JudgedDecision, direction: string, step: string): boolean {
  return statement.direction === direction && statement.steps.some(({ id }) => id === step);
}

function shown({ statement, isOver, spent, used, fault }: JudgedDecision) {
  const { approver, decision, direction, plan_digest, expires_at } = statement;
  const steps = statement.steps.map(({ id }) => id);
  const over = steps.filter((id) => spent.includes(id));
  return { approver, decision, direction, plan_digest, expires_at, steps, isOver, spent: over, used, fault };
}

function lineOf(one: JudgedDecision): string {
  const { approver, decision, direction, plan_digest, steps } = shown(one);
  return `${approver}: ${decision} ${direction} of ${steps.join(', ')}, plan ${plan_digest.slice(0, 12)}…, ${holds(one)}`;
}

/** What is left of it. */
function holds(one: JudgedDecision): string {
  const { decision, expires_at, isOver, spent, used, fault } = shown(one);
  if (decision === 'deny') return 'final for those very rows';
  if (fault !== null) return `counts for nothing: ${fault}`;
  const parts = [
    isOver ? `was good until ${expires_at}` : `good until ${expires_at}`,
    ...(used.length === 0 ? [] : [`used for ${used.join(', ')}`]),
    ...(spent.length === 0 ? [] : [`ended for ${spent.join(', ')}, which went the other way since`]),
  ];
  return parts.join('; ');
}
