import type { Command } from 'commander';
import { C1Error } from '../domain/codes.ts';
import { progressChanges } from '../review/plan/compare.ts';
import { planDocumentIn } from '../review/plan/document.ts';
import { differencesText } from '../review/plan/summary.ts';
import { stateDirOf } from '../runtime/paths.ts';
import { STACK } from './engine.ts';
import { readGiven } from './evidence.ts';
import { examples } from './output.ts';
import { agreedPlan } from './plan/given.ts';
import { assertStateOfProgram } from './stack.ts';
import { journalPosition, type MadePlan, walkAloud } from './walk.ts';

interface ApplyFlags {
  readonly stack: string;
  readonly yes?: boolean;
  readonly against?: string;
  readonly json?: boolean;
}

/** `c1 apply`: plain `pulumi up`, held against its plan before and after (review.md, "After up"). */
export function addApply(program: Command): void {
  program
    .command('apply')
    .description('pulumi up, then prove that it was just what was planned; exits with the first code that it meets')
    .option('--stack <name>', 'the stack', STACK)
    .option('--yes', 'really do it: every row of the plan is applied')
    .option('--against <file>', 'the plan that was read and approved: stop when anything is another since')
    .option('--json', 'print one JSON document; what the engine says goes to standard error')
    .addHelpText(
      'after',
      examples('npx c1 plan --out plan.json', 'npx c1 apply --yes --against plan.json', 'npx c1 apply --yes --json'),
    )
    .action(apply);
}

async function apply({ stack, yes = false, against, json = false }: ApplyFlags): Promise<void> {
  if (!yes) {
    const next = 'npx c1 plan, then npx c1 apply --yes';
    throw new C1Error('ERROR_USAGE', { seen: 'apply without --yes', expected: '--yes, which writes', next });
  }
  const stateDir = stateDirOf(process.env);
  assertStateOfProgram(stateDir);
  // Read before anything runs: a file that is none is said at once.
  const earlier = against === undefined ? null : planDocumentIn(readGiven(against));
  const made = await makeApply(stateDir, stack);
  const changes = earlier === null ? [] : progressChanges(made.document, earlier);
  if (changes.length > 0) {
    throw new C1Error('HOLD_PLAN_DIFFERENT', {
      seen: differencesText(changes),
      expected: 'the plan as it was',
      next: 'npx c1 plan --out plan.json, and have that one approved',
    });
  }
  await walkAloud(stateDir, made, json, SAID);
}

const SAID = { code: 'OK_APPLIED', done: 'APPLIED', nothing: 'nothing to do, which is no approval' } as const;

/** The plan of now, and since when the journal speaks of it. @throws C1Error HOLD_PREVIEW_DELTA_MISMATCH */
export async function makeApply(stateDir: string, stack: string): Promise<MadePlan> {
  const position = await journalPosition(stateDir);
  return { document: await agreedPlan(stateDir, stack), position };
}
