import path from 'node:path';
import { C1Error } from '../../domain/codes.ts';
import type { Authorization, AuthorizationKind } from '../../domain/dry-run-authorization.ts';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { overall } from '../../review/page/overall.ts';
import { reviewPage } from '../../review/page/page.ts';
import { isSettled, summaryOf } from '../../review/plan/summary.ts';
import { verifyExecutor } from '../../runtime/executor.ts';
import { CHECKOUT, statePaths } from '../../runtime/paths.ts';
import { SILENT } from '../../runtime/reporter.ts';
import { type RunningRuntime, startRuntime, stopRuntime } from '../../runtime/runtime.ts';
import { DRY_RUN_SIGNERS } from '../../runtime/stand-in-keys.ts';
import { runtimeStatus } from '../../runtime/status.ts';
import { makeApply } from '../apply.ts';
import { currentEvidence } from '../dry-run/evidence.ts';
import { dryRun } from '../dry-run/run.ts';
import { signStatement } from '../dry-run/sign.ts';
import { STACK } from '../engine.ts';
import { makeRetirePlan } from '../retire/make.ts';
import { lookAt } from '../review.ts';
import { ruleOfStack } from '../rule.ts';
import { appliedResources, assertStateOfProgram, selectStack } from '../stack.ts';
import type { MadePlan } from '../walk.ts';
import { writeGiven } from '../written-file.ts';
import { bothApprove, discardApprovals, refused } from './ceremony.ts';
import { assertOnly, run, type Say } from './engine-run.ts';
import { type Observation, observe } from './observe.ts';
import {
  plannedCountsOf,
  proveApplied,
  proveNothingWritten,
  proveRetired,
  proveSame,
  type SurfaceCount,
} from './prove.ts';

/** What the chapters of the demo hand on to each other, and what its end reports. */
export interface Story {
  readonly stateDir: string;
  readonly signal: AbortSignal;
  runtime?: RunningRuntime;
  /** The demo started the runtime, and so it stops it. */
  startedHere: boolean;
  /** What the last `c1 plan` or `c1 retire --plan` came to. */
  plan?: MadePlan;
  /** The plan that was applied. */
  applying?: PlanDocument;
  /** Files of approvals that the demo wrote. */
  readonly approvals: string[];
  /** What was signed for the dry run. */
  authorizations?: readonly Authorization[];
  before?: Observation;
  applied?: Observation;
  /** After the second up, whose request and votes came on top. */
  again?: Observation;
  counts?: readonly SurfaceCount[];
}

export interface Chapter {
  readonly title: string;
  /** Does it, and answers in a few words what came of it. */
  readonly tell: (story: Story, say: Say) => Promise<string>;
}

export const UNTIL_PREVIEW: readonly Chapter[] = [
  { title: `Select the stack ${STACK}`, tell: select },
  { title: 'Start the embedded runtime', tell: start },
  { title: 'Plan: what would change (c1 plan)', tell: planApply },
];

export const AFTER_PREVIEW: readonly Chapter[] = [
  { title: 'Write the page that the owners read (c1 review)', tell: writePage },
  { title: 'Apply what nobody approved: refused', tell: applyUnapproved },
  { title: 'Two stand-in owners approve the plan (c1 approve)', tell: approve },
  { title: 'Apply that very plan (c1 apply)', tell: apply },
  { title: 'Read back every surface', tell: readBack },
  { title: 'Drift check: nothing to do (c1 drift)', tell: drift },
  { title: 'HALT: two stand-ins sign the evidence for a dry run', tell: authorizeDryRun },
  { title: 'The governed dry run (c1 dry-run)', tell: dryRunOnce },
  { title: 'Plan the retire (c1 retire --plan)', tell: planRetire },
  { title: 'Two stand-in owners approve the retire (c1 approve)', tell: approve },
  { title: 'Retire just that (c1 retire)', tell: retire },
  { title: 'Prove that only history is left', tell: proveRetire },
];

/** How it ends: with everything applied once more, or with the runtime as it was found. */
export const KEEP: Chapter = { title: 'Plan, approve and apply once more', tell: applyOnceMore };
export const TIDY_UP: Chapter = { title: 'Leave the runtime as it was found', tell: tidyUp };

async function select({ stateDir }: Story): Promise<string> {
  assertStateOfProgram(stateDir);
  await selectStack(STACK);
  const applied = await appliedResources(STACK);
  if (applied.length === 0) return 'empty';
  throw new C1Error('HOLD_STACK_IN_USE', {
    seen: `${applied.length} resources in the stack ${STACK}`,
    expected: 'an empty stack, because the demo ends by retiring what it applied',
    next: `npx pulumi destroy --stack ${STACK}, then npm run demo`,
  });
}

async function start(story: Story): Promise<string> {
  story.startedHere = !(await runtimeStatus(story.stateDir)).running;
  story.runtime = await startRuntime(story.stateDir, SILENT, { rule: { otherwise: ruleOfStack() } });
  story.before = await observe(story.stateDir);
  assertNoRowsOfOurs(story.before);
  return `PostgreSQL on ${story.runtime.host}:${story.runtime.port}${story.startedHere ? '' : ', was running already'}`;
}

/** Another stack of this runtime may hold rows; this one could not apply its own. */
function assertNoRowsOfOurs({ state: { steps, baseline } }: Observation): void {
  if (steps.length === 0) return;
  throw new C1Error('HOLD_STACK_IN_USE', {
    seen: `live rows of ${steps.join(', ')} by stack ${baseline?.stack ?? 'unknown'}`,
    expected: 'a runtime without rows of ours',
    next: 'destroy them with that stack, or npx c1 runtime reset --yes, then npm run demo',
  });
}

async function planApply(story: Story): Promise<string> {
  story.plan = await makeApply(story.stateDir, STACK);
  const { document } = story.plan;
  story.applying = document;
  proveNothingWritten(known(story.before), await observe(story.stateDir), 'a plan');
  const created = assertOnly(summaryOf(document, [], STACK).operations, 'create');
  return `${created} resources to create, ${rowsOf(document)} row changes, digest ${short(document)}, nothing written`;
}

async function writePage({ stateDir, plan }: Story): Promise<string> {
  const view = await lookAt(stateDir, known(plan).document);
  const page = path.join(statePaths(stateDir).state, 'review.html');
  writeGiven(page, reviewPage(view));
  return `${path.relative(CHECKOUT, page)}: ${overall(view).text}`;
}

async function applyUnapproved(story: Story, say: Say): Promise<string> {
  if (known(story.applying).config.approvals === 'none') return 'left out: this runtime was made without approvals';
  const code = await refused(story.stateDir, known(story.plan), { say, signal: story.signal });
  proveNothingWritten(known(story.before), await observe(story.stateDir), 'an up that nobody approved');
  return `${code}, as it should; nothing written`;
}

function approve({ stateDir, plan, approvals }: Story): Promise<string> {
  return bothApprove(stateDir, known(plan).document, approvals);
}

async function apply({ stateDir, plan, signal }: Story, say: Say): Promise<string> {
  const summary = await run(stateDir, known(plan), { say, signal });
  return `${assertOnly(summary, 'created')} resources created; the journal has exactly the runs that were approved`;
}

async function readBack(story: Story): Promise<string> {
  story.applied = await observe(story.stateDir);
  story.counts = proveApplied(known(story.before), story.applied, plannedCountsOf(known(story.applying)));
  const changed = story.counts.filter(({ planned: rows }) => rows !== 0);
  const { release, checked } = await verifyExecutor(statePaths(story.stateDir));
  const executor = `${release.name} in use, ${checked} checks, KG answers as before`;
  return `${changed.length} surfaces as planned, ${story.counts.length - changed.length} unchanged; ${executor}`;
}

async function drift(story: Story): Promise<string> {
  const { document } = await makeApply(story.stateDir, STACK);
  if (!isSettled(document)) {
    const seen = `${rowsOf(document)} row changes to come right after the up`;
    throw new C1Error('HOLD_NOT_SETTLED', { seen, expected: 'nothing to do' });
  }
  proveNothingWritten(known(story.applied), await observe(story.stateDir), 'a drift check');
  return `${document.resources.length} resources as declared, no row written`;
}

/** On a governed host these are the reviewer and the owner, who read the evidence first. */
async function authorizeDryRun(story: Story): Promise<string> {
  const { digest } = await currentEvidence(statePaths(story.stateDir), STACK);
  const sign = (kind: AuthorizationKind) =>
    signStatement(story.stateDir, { stack: STACK, kind, signer: DRY_RUN_SIGNERS[kind], keyFile: null, hours: 1 });
  story.authorizations = [await sign('reviewer_confirmation'), await sign('owner_authorization')];
  return `${Object.values(DRY_RUN_SIGNERS).join(' and ')} signed ${digest.slice(0, 16)}… with throw-away keys of this runtime`;
}

async function dryRunOnce(story: Story, say: Say): Promise<string> {
  const order = { stack: STACK, authorizations: known(story.authorizations) };
  const { document, failure } = await dryRun(story.stateDir, order, { ...SILENT, say });
  if (failure !== null) throw failure;
  const { checks, build, verdict, result } = document;
  const made = `${build?.operations} operations, seal ${build?.seal}, ${checks.length} parts passed, grant used once`;
  return `${made}; engineering ${result.engineering}, authority ${result.authority}: ${verdict}`;
}

async function planRetire(story: Story): Promise<string> {
  story.plan = await makeRetirePlan(story.stateDir, STACK);
  const { document } = story.plan;
  return `${rowsOf(document)} row changes take everything back, digest ${short(document)}`;
}

async function retire({ stateDir, plan, signal }: Story, say: Say): Promise<string> {
  const summary = await run(stateDir, known(plan), { say, signal });
  return `${assertOnly(summary, 'deleted')} resources deleted; the journal has exactly the runs that were approved`;
}

async function proveRetire(story: Story): Promise<string> {
  const after = await observe(story.stateDir);
  const compared = proveRetired(known(story.before), after);
  const { release } = await verifyExecutor(statePaths(story.stateDir));
  const ledger = `ledger grown to ${after.state.ledger.entries} entries`;
  return `${compared} older rows byte for byte as before, ${ledger}, ${release.name} in use again`;
}

async function applyOnceMore(story: Story, say: Say): Promise<string> {
  story.plan = await makeApply(story.stateDir, STACK);
  await approve(story);
  await apply(story, say);
  discardApprovals(story.approvals);
  story.again = await observe(story.stateDir);
  proveSame(known(story.applied), story.again);
  return 'new requests and votes, for retired rows come back as others; every other live row is the same as the first time';
}

async function tidyUp({ startedHere, stateDir, approvals }: Story): Promise<string> {
  discardApprovals(approvals);
  if (!startedHere) return 'it ran before, and runs on';
  await stopRuntime(stateDir, SILENT);
  return 'stopped';
}

function rowsOf(plan: PlanDocument): number {
  return summaryOf(plan, [], STACK).rows;
}

function short({ plan_digest }: PlanDocument): string {
  return `${plan_digest.slice(0, 16)}…`;
}

function known<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new TypeError('a chapter of the demo was left out');
}
