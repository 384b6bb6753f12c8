import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { LONGEST_APPROVAL_HOURS, type PlanDecision, type SignedApproval } from '../domain/approval/statement.ts';
import { C1Error } from '../domain/codes.ts';
import { parseStep } from '../domain/names.ts';
import type { PlanDocument } from '../domain/planning/document.ts';
import type { StepId } from '../domain/steps/step.ts';
import { signersOf } from '../dots/kernel/ssh.ts';
import { counted, isSettled } from '../review/plan/summary.ts';
import { CHECKOUT, stateDirOf, statePaths } from '../runtime/paths.ts';
import { enterDecision } from './approve/enter.ts';
import { discardApproval, readApproval, writeApproval } from './approve/files.ts';
import { assertCounts, signDecision } from './approve/sign.ts';
import { STACK } from './engine.ts';
import { examples, printAnswer } from './output.ts';
import { planFor } from './plan/given.ts';
import { assertStateOfProgram } from './stack.ts';

interface DecisionFlags {
  readonly as?: string;
  readonly key?: string;
  readonly steps?: readonly StepId[];
  readonly plan?: string;
  readonly file?: string;
  readonly validFor: number;
  readonly enter: boolean;
  readonly stack: string;
  readonly json?: boolean;
}

/** `c1 approve` and `c1 deny`: what an owner says of a plan, signed (review.md, "Approval"). */
export function addApprove(program: Command): void {
  addDecision(program, 'approve', 'sign an approval of a plan, or of steps of it; it holds for those very rows');
  addDecision(program, 'deny', 'sign a denial of a plan, or of steps of it; it is final for those very rows');
}

function addDecision(program: Command, decision: PlanDecision, description: string): void {
  program
    .command(decision)
    .description(description)
    .option('--as <owner>', 'who decides: a voter login and name of the allowed signers')
    .option('--steps <steps>', 'only these, with commas between; all of the plan without it', stepsOf)
    .option('--plan <file>', 'the plan document that was read; a new one is made without it')
    .option('--key <file>', 'private SSH key to sign with; the stand-in key of that owner without it')
    .addOption(
      new Option('--valid-for <hours>', `how long it is good, at most ${LONGEST_APPROVAL_HOURS}`)
        .argParser(hoursOf)
        .default(24, '24 hours'),
    )
    .option('--no-enter', 'only sign and keep the file, to be entered later with --file')
    .addOption(
      new Option(
        '--file <file>',
        'enter a decision that was signed before, e.g. one that came by pull request: as it is, all of it',
      ).conflicts(['as', 'steps', 'plan', 'key', 'validFor', 'enter']),
    )
    .option('--stack <name>', 'the stack', STACK)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        `npx c1 ${decision} --as voter_owner_1`,
        `npx c1 ${decision} --as voter_owner_1 --steps W1,W2 --plan plan.json`,
        `npx c1 ${decision} --file approvals/dryrun/0123456789ab-apply-voter_owner_1-${decision}-01234567.json`,
      ),
    )
    .action((flags: DecisionFlags) => decide(decision, flags));
}

async function decide(decision: PlanDecision, flags: DecisionFlags): Promise<void> {
  const stateDir = stateDirOf(process.env);
  assertStateOfProgram(stateDir);
  const given = flags.file === undefined ? null : readApproval(flags.file);
  const signed = given ?? (await sign(stateDir, decision, flags));
  assertGiven(stateDir, signed, decision, flags);
  const file = given === null ? await writeApproval(signed) : (flags.file ?? '');
  if (!flags.enter) return say(signed, file, null, flags);
  let isEntered = false;
  const onDecided = () => {
    isEntered = true;
  };
  const entered = await enterDecision(stateDir, signed, onDecided).catch((cause: unknown) => {
    // A file of what the runtime refused would say what nobody approved. With what it took, votes can be entered again.
    if (given === null && !isEntered) discardApproval(file);
    throw cause;
  });
  await say(signed, file, entered, flags);
}

async function sign(stateDir: string, decision: PlanDecision, flags: DecisionFlags): Promise<SignedApproval> {
  const { as: approver, key, steps, validFor } = flags;
  if (approver === undefined) {
    throw new C1Error('ERROR_USAGE', { seen: 'no --as', expected: 'who decides, or --file with a signed decision' });
  }
  const plan = await planFor(stateDir, flags);
  assertSomething(plan, steps ?? null);
  const expires_at = new Date(Date.now() + validFor * 3_600_000).toISOString();
  const order = { plan, approver, decision, expires_at, steps: steps ?? null, keyFile: key ?? null };
  return signDecision(statePaths(stateDir), order);
}

/** Zero operations is nothing to do, never approved. @throws C1Error NOOP_NOTHING_TO_DO */
function assertSomething(plan: PlanDocument, steps: readonly StepId[] | null): void {
  const chosen = plan.steps.filter(({ id }) => steps === null || steps.includes(id));
  const isEmpty = chosen.every(({ rows }) => rows.every(({ deltas }) => deltas.length === 0));
  const isLeft = plan.resources.every(({ op }) => op === 'same');
  if (!isSettled(plan) && !(isEmpty && isLeft)) return;
  throw new C1Error('HOLD_NOTHING_TO_APPROVE', {
    seen: 'a plan without a row to come',
    expected: 'rows to decide about',
  });
}

/** What came in a file is held against the same as what was signed here. */
function assertGiven(
  stateDir: string,
  signed: SignedApproval,
  decision: PlanDecision,
  { stack, file }: DecisionFlags,
): void {
  const { statement } = signed;
  if (statement.decision !== decision || statement.stack !== stack) {
    throw new C1Error('ERROR_USAGE', {
      seen: `${file ?? 'a decision'}: ${statement.decision} for stack ${statement.stack}`,
      expected: `${decision} for stack ${stack}`,
    });
  }
  assertCounts(signersOf(statePaths(stateDir).secrets), signed);
}

async function say(
  { statement, votes }: SignedApproval,
  file: string,
  entered: Awaited<ReturnType<typeof enterDecision>> | null,
  { json = false, stack }: DecisionFlags,
): Promise<void> {
  const { approver, decision, direction, steps, plan_digest, expires_at } = statement;
  const names = steps.map(({ id }) => id);
  const rows = steps.reduce((total, { deltas }) => total + deltas.length, 0);
  const place = path.relative(CHECKOUT, path.resolve(file));
  const text = [
    `${approver}: ${decision} ${direction} of ${names.join(', ')} on stack ${stack}, ${counted(rows, 'run')}`,
    `plan ${plan_digest}`,
    ...(decision === 'approve' ? [`good until ${expires_at}`] : ['final for these very rows']),
    ...votes.map(({ apr_code }) => `vote on ${apr_code}`),
    `kept in ${place}`,
    entered === null
      ? `not entered yet, next: npx c1 ${decision} --file ${place}`
      : `${entered.code}, next: npx c1 approvals`,
  ];
  const said = { code: entered?.code ?? 'OK_PLANNED', file: place, entered: entered !== null, votes, ...statement };
  await printAnswer({ text, json: { ...said, votes: votes.map(({ apr_code }) => apr_code) } }, json);
}

function stepsOf(text: string): readonly StepId[] {
  return text.split(',').map((name) => {
    try {
      return parseStep(name) as StepId;
    } catch (cause) {
      throw new InvalidArgumentError(cause instanceof Error ? cause.message : String(cause));
    }
  });
}

function hoursOf(text: string): number {
  const hours = Number(text);
  if (/^\d{1,3}$/.test(text) && hours > 0 && hours <= LONGEST_APPROVAL_HOURS) return hours;
  throw new InvalidArgumentError(`whole hours from 1 to ${LONGEST_APPROVAL_HOURS} are expected.`);
}
