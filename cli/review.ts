import type { Command } from 'commander';
import { PLAN_QUORUM } from '../domain/approval/statement.ts';
import { C1Error } from '../domain/codes.ts';
import { STAGING_LABELS } from '../domain/label.ts';
import type { PlanDocument } from '../domain/planning/document.ts';
import { signersOf } from '../dots/kernel/ssh.ts';
import { whatChanges, whatUndoes, whoApproved } from '../review/page/answers.ts';
import { overall } from '../review/page/overall.ts';
import { reviewPage } from '../review/page/page.ts';
import { type ReviewView, reviewViewOf } from '../review/page/view.ts';
import { summaryOf } from '../review/plan/summary.ts';
import { stateDirOf, statePaths } from '../runtime/paths.ts';
import { approvalsFolder } from './approve/files.ts';
import { STACK } from './engine.ts';
import { examples, print, printAnswer, printLabel } from './output.ts';
import { planFor } from './plan/given.ts';
import { readApprovals } from './review/approvals.ts';
import { readEvidence } from './review/evidence.ts';
import { readRuntime } from './review/runtime.ts';
import { serveUntilSignal } from './review/serve.ts';
import { writeGiven } from './written-file.ts';

interface ReviewFlags {
  readonly stack: string;
  readonly plan?: string;
  readonly out?: string;
  readonly serve?: boolean;
  readonly port?: string;
  readonly json?: boolean;
}

const OUT = 'review.html';

/** `c1 review`: a plan on one page, for the owner who decides on it (review.md, "The page"). */
export function addReview(program: Command): void {
  program
    .command('review')
    .description('write one page on which an owner sees what will change, how it is undone, and who has approved')
    .option('--stack <name>', 'the stack', STACK)
    .option(
      '--plan <file>',
      "a plan document that 'c1 plan --out' or 'c1 retire --plan --out' wrote; without it the plan is made now",
    )
    .option('--out <file>', `where to write the page (${OUT} where it is not served)`)
    .option('--serve', 'show it live on loopback, for as long as this runs: while an up runs, its steps move')
    .option('--port <number>', 'with --serve: the port; 0 takes a free one, and says which (default 0)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `${examples(
        'npx c1 review',
        'npx c1 plan --out plan.json && npx c1 review --plan plan.json --out page.html',
        'npx c1 retire --plan --out retire.json && npx c1 review --plan retire.json',
        'npx c1 review --serve --plan plan.json',
        'npx c1 review --serve --port 8099',
      )}\n\nThe page needs no network. Served, it is for this machine alone; Ctrl-C ends it.`,
    )
    .action(review);
}

async function review(flags: ReviewFlags): Promise<void> {
  const { stack, serve = false, json = false } = flags;
  const port = portOf(flags);
  const stateDir = stateDirOf(process.env);
  const plan = await planFor(stateDir, flags);
  const look = () => lookAt(stateDir, plan);
  const out = flags.out ?? (serve ? null : OUT);
  if (out !== null) await write(out, await look(), json);
  if (!serve) return;
  // Only a served page needs an HTTP server: the other commands start without.
  const { buildReviewServer } = await import('../review/page/server.ts');
  await serveUntilSignal(buildReviewServer(look, STAGING_LABELS), port, async (url) => {
    if (json)
      return print(
        JSON.stringify({ label: STAGING_LABELS, code: 'OK_READ', stack, plan_digest: plan.plan_digest, url }),
      );
    await print(`plan ${plan.plan_digest} of stack ${stack} on ${url} (this machine only; Ctrl-C ends it)`);
    await printLabel();
  });
}

function portOf({ serve = false, port }: ReviewFlags): number {
  if (port === undefined) return 0;
  const expected = serve ? 'a port from 0 to 65535' : '--serve with it';
  if (serve && /^\d{1,5}$/.test(port) && Number(port) <= 65_535) return Number(port);
  throw new C1Error('ERROR_USAGE', { seen: `--port ${port}`, expected });
}

/** Everything that is known of a plan at this moment. */
export async function lookAt(stateDir: string, plan: PlanDocument): Promise<ReviewView> {
  const paths = statePaths(stateDir);
  const reading = await readRuntime(stateDir, plan);
  const entered = reading.view?.decisions ?? null;
  return reviewViewOf({
    ...{ plan, reading },
    approvals: readApprovals({ folder: approvalsFolder(plan.stack), signers: signersOf(paths.secrets), entered }, plan),
    quorum: plan.config.approvals === 'none' ? null : (reading.view?.quorum ?? PLAN_QUORUM),
    evidence: readEvidence(paths, plan.stack),
    now: new Date(),
  });
}

async function write(out: string, view: ReviewView, asJson: boolean): Promise<void> {
  writeGiven(out, reviewPage(view));
  const { plan, steps, approvals, reading } = view;
  const { text: verdict } = overall(view);
  const { code } = summaryOf(plan, [], plan.stack);
  const answers = { changes: whatChanges(plan), undo: whatUndoes(plan), approved: whoApproved(view) };
  const states = steps.map(({ step, state, why }) => ({ id: step.id, state, why, step_digest: step.step_digest }));
  const text = [
    verdict,
    ...Object.entries(answers).map(([name, lines]) => `${name.padEnd(8)} ${lines.join(' ')}`),
    `plan digest ${plan.plan_digest}`,
    `the page is in ${out}`,
  ];
  const said = { code, stack: plan.stack, verdict, plan_digest: plan.plan_digest, out, ...answers, steps: states };
  await printAnswer({ text, json: { ...said, approvals, read: { at: reading.at, fault: reading.fault } } }, asJson);
}
