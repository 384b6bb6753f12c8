import { type Command, Option } from 'commander';
import { C1Error } from '../domain/codes.ts';
import type { Difference, PlanDocument } from '../domain/planning/document.ts';
import { planChanges } from '../review/plan/compare.ts';
import { planDocumentIn, planText } from '../review/plan/document.ts';
import { planMarkdown } from '../review/plan/markdown.ts';
import { counted, differenceLine, summaryOf } from '../review/plan/summary.ts';
import { stateDirOf } from '../runtime/paths.ts';
import { STACK } from './engine.ts';
import { readGiven } from './evidence.ts';
import { examples, print, printAnswer } from './output.ts';
import { makePlan } from './plan/make.ts';
import { planLines } from './plan/text.ts';
import { assertStateOfProgram } from './stack.ts';
import { writeGiven } from './written-file.ts';

interface PlanFlags {
  readonly stack: string;
  readonly check?: boolean;
  readonly plan?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** `c1 plan`: what an `up` would change, as a document that has a digest (review.md, "Plan document"). */
export function addPlan(program: Command): void {
  program
    .command('plan')
    .description('say exactly what an up would change, as text or as a canonical document; writes nothing')
    .option('--stack <name>', 'the stack', STACK)
    .option('--check', 'only compare: exit 0 equal, 2 different, 1 error, 3 HOLD; each row that differs is named')
    .option('--plan <file>', 'with --check: an earlier plan document, to compare with as well')
    .option('--out <file>', 'write the plan document there')
    .option('--json', 'print the plan document; with --check the differences as one JSON document')
    .addOption(new Option('--markdown', 'print a summary for a pull request').conflicts('json'))
    .addHelpText(
      'after',
      examples(
        'npx c1 plan',
        'npx c1 plan --out plan.json --markdown',
        'npx c1 plan --check',
        'npx c1 plan --check --plan plan.json',
      ),
    )
    .action(plan);
}

async function plan(flags: PlanFlags): Promise<void> {
  const { stack, check = false, out } = flags;
  if (flags.plan !== undefined && !check) {
    throw new C1Error('ERROR_USAGE', { seen: '--plan without --check', expected: 'both, or neither' });
  }
  const stateDir = stateDirOf(process.env);
  assertStateOfProgram(stateDir);
  // Read before anything runs: a file that is none is said at once.
  const earlier = flags.plan === undefined ? null : planDocumentIn(readGiven(flags.plan));
  const { document, differences: own } = await makePlan(stateDir, stack);
  const differences = [...own, ...(earlier === null || document === null ? [] : planChanges(document, earlier))];
  if (!check && differences.length > 0) throw mismatch(differences);
  if (out !== undefined && document !== null) writeGiven(out, planText(document));
  await say(document, differences, flags);
  if (differences.length > 0) throw different(differences);
}

async function say(document: PlanDocument | null, differences: readonly Difference[], flags: PlanFlags): Promise<void> {
  const { stack, check = false, json = false, markdown = false } = flags;
  const summary = summaryOf(document, differences, stack);
  if (markdown) return print(planMarkdown(document, summary, differences, stack));
  if (json && !check && document !== null) return print(planText(document).trimEnd());
  const said = { ...summary, plan_digest: document?.plan_digest ?? null, differences };
  await printAnswer({ text: planLines(document, summary, differences), json: said }, json);
}

function different(differences: readonly Difference[]): C1Error {
  return new C1Error('HOLD_PLAN_DIFFERENT', {
    seen: counted(differences.length, 'difference'),
    expected: 'none',
  });
}

/** A plan that nobody planned is none: it is not printed, and no digest of it is given out. */
export function mismatch(differences: readonly Difference[]): C1Error {
  const [first] = differences;
  const more = differences.length > 1 ? ` (and ${differences.length - 1} more)` : '';
  return new C1Error('HOLD_PREVIEW_DELTA_MISMATCH', {
    seen: `${first === undefined ? 'nothing' : differenceLine(first)}${more}`,
    expected: 'rows on which the plans, planned-deltas.yaml and the preview agree',
    next: 'npx c1 plan --check, which names each of them',
  });
}
