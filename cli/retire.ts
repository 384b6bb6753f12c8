import { type Command, Option } from 'commander';
import { C1Error } from '../domain/codes.ts';
import type { Difference, PlanDocument } from '../domain/planning/document.ts';
import { planChanges } from '../review/plan/compare.ts';
import { planDocumentIn, planText } from '../review/plan/document.ts';
import { planMarkdown } from '../review/plan/markdown.ts';
import { differencesText, summaryOf } from '../review/plan/summary.ts';
import { stateDirOf } from '../runtime/paths.ts';
import { STACK } from './engine.ts';
import { readGiven } from './evidence.ts';
import { examples, print, printAnswer } from './output.ts';
import { planLines } from './plan/text.ts';
import { makeRetirePlan } from './retire/make.ts';
import { assertStateOfProgram } from './stack.ts';
import { walkAloud } from './walk.ts';
import { writeGiven } from './written-file.ts';

interface RetireFlags {
  readonly stack: string;
  readonly plan?: boolean;
  readonly yes?: boolean;
  readonly against?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** `c1 retire`: what a destroy takes back, as a document that has a digest; and that destroy (review.md, "Destroy"). */
export function addRetire(program: Command): void {
  program
    .command('retire')
    .description('say exactly what a destroy takes back; without --plan, destroy, and prove that it was just that')
    .option('--stack <name>', 'the stack', STACK)
    .option('--plan', 'only say it: nothing is written')
    .option('--yes', 'really do it: every row of the stack is retired')
    .option('--against <file>', 'an earlier plan of this retire: stop when anything is another since')
    .option('--out <file>', 'write the plan document there')
    .option('--json', 'print one JSON document: with --plan the plan itself')
    .addOption(new Option('--markdown', 'print a summary for a pull request').conflicts('json'))
    .addHelpText(
      'after',
      examples(
        'npx c1 retire --plan',
        'npx c1 retire --plan --out retire.json --markdown',
        'npx c1 retire --yes --against retire.json',
      ),
    )
    .action(retire);
}

async function retire(flags: RetireFlags): Promise<void> {
  const { stack, plan = false, yes = false, out, json = false } = flags;
  if (plan === yes) throw eitherOr(plan);
  const stateDir = stateDirOf(process.env);
  assertStateOfProgram(stateDir);
  // Read before anything runs: a file that is none is said at once.
  const earlier = flags.against === undefined ? null : planDocumentIn(readGiven(flags.against));
  const made = await makeRetirePlan(stateDir, stack);
  const { document } = made;
  if (document.differences.length > 0) throw notPlanned(document.differences);
  const changes = earlier === null ? [] : planChanges(document, earlier);
  if (changes.length > 0) throw changed(changes);
  if (out !== undefined) writeGiven(out, planText(document));
  if (plan || !json) await sayPlan(document, flags);
  if (yes) await walkAloud(stateDir, made, json, SAID);
}

async function sayPlan(document: PlanDocument, { stack, json = false, markdown = false }: RetireFlags): Promise<void> {
  if (json) return print(planText(document).trimEnd());
  const summary = summaryOf(document, [], stack);
  if (markdown) return print(planMarkdown(document, summary, [], stack));
  await printAnswer({ text: planLines(document, summary, []), json: {} }, false);
}

const SAID = { code: 'OK_RETIRED', done: 'RETIRED', nothing: 'nothing was retired' } as const;

function eitherOr(plan: boolean): C1Error {
  const seen = plan ? '--plan with --yes' : 'retire without --yes';
  const expected = '--plan, which writes nothing, or --yes, because every row of the stack is retired';
  return new C1Error('ERROR_USAGE', { seen, expected, next: 'npx c1 retire --plan' });
}

function notPlanned(differences: readonly Difference[]): C1Error {
  return new C1Error('HOLD_PREVIEW_DELTA_MISMATCH', {
    seen: differencesText(differences),
    expected: 'rows that planned-deltas.yaml names, all of them',
    next: 'bring planned-deltas.yaml to what was applied, then npx c1 retire --plan; plain npx pulumi destroy does not compare',
  });
}

function changed(differences: readonly Difference[]): C1Error {
  return new C1Error('HOLD_PLAN_DIFFERENT', {
    seen: differencesText(differences),
    expected: 'the plan as it was',
    next: 'npx c1 retire --plan --out, and have that one approved',
  });
}
