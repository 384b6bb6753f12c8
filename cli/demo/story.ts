import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { QUORUM } from '../../domain/apr.ts';
import { C1Error } from '../../domain/codes.ts';
import type { Authorization, AuthorizationKind } from '../../domain/dry-run-authorization.ts';
import { parsePlannedDeltas, plannedCounts } from '../../domain/planned-deltas.ts';
import { LAST_STEP } from '../../domain/program.ts';
import { STEP_IDS } from '../../domain/steps/step.ts';
import { isSurfaceName } from '../../domain/surfaces.ts';
import { verifyExecutor } from '../../runtime/executor.ts';
import { CHECKOUT, statePaths } from '../../runtime/paths.ts';
import { SILENT } from '../../runtime/reporter.ts';
import { VOTER_LOGINS } from '../../runtime/roles.ts';
import { type RunningRuntime, startRuntime, stopRuntime } from '../../runtime/runtime.ts';
import { DRY_RUN_SIGNERS } from '../../runtime/stand-in-keys.ts';
import { runtimeStatus } from '../../runtime/status.ts';
import { castVote } from '../apr/cast.ts';
import { currentEvidence } from '../dry-run/evidence.ts';
import { dryRun } from '../dry-run/run.ts';
import { signStatement } from '../dry-run/sign.ts';
import { STACK } from '../engine.ts';
import { ruleOfStack } from '../rule.ts';
import { appliedResources, assertStateOfProgram, selectStack } from '../stack.ts';
import { assertOnly, type Preview, preview, run, runUntilQuorum, type Say } from './engine-run.ts';
import { type Observation, observe } from './observe.ts';
import {
  type PlannedCounts,
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
  preview?: Preview;
  /** What was signed for the dry run. */
  authorizations?: readonly Authorization[];
  /** The approval request that the last `up` stopped for. */
  request?: string;
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
  { title: 'Preview: what would change', tell: previewOnly },
];

/** What H1, W1 and W7 stop for, in this order. */
const ASKED_FOR = ['the handler', 'the registrar', 'the build grant'] as const;

export const AFTER_PREVIEW: readonly Chapter[] = [
  ...ASKED_FOR.flatMap((what) => [
    { title: `Apply until the owners are asked for ${what} (pulumi up)`, tell: applyUntilQuorum },
    { title: `Two stand-in owners approve ${what}`, tell: approve },
  ]),
  { title: 'Apply the rest (pulumi up)', tell: applyRest },
  { title: 'Read back every surface', tell: readBack },
  { title: 'Apply again: nothing to do', tell: applyAgain },
  { title: 'HALT: two stand-ins sign the evidence for a dry run', tell: authorizeDryRun },
  { title: 'The governed dry run (c1 dry-run)', tell: dryRunOnce },
  { title: 'Retire (pulumi destroy)', tell: retire },
  { title: 'Prove that only history is left', tell: proveRetire },
];

/** How it ends: with everything applied once more, or with the runtime as it was found. */
export const KEEP: Chapter = { title: 'Apply once more (pulumi up)', tell: applyOnceMore };
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

async function previewOnly(story: Story): Promise<string> {
  story.preview = await preview();
  proveNothingWritten(known(story.before), await observe(story.stateDir), 'preview');
  return `${assertOnly(story.preview.summary, 'create')} resources to create, nothing written`;
}

async function applyUntilQuorum(story: Story, say: Say): Promise<string> {
  const { commands } = known(story.preview);
  story.request = await runUntilQuorum({ total: commands, say, signal: story.signal });
  return `HOLD_APR_AWAITING_QUORUM, as it should: ${story.request} needs ${QUORUM.high} approvals`;
}

/** On a governed host these are people; here their keys were made on the spot, and the demo says so. */
async function approve(story: Story): Promise<string> {
  const code = known(story.request);
  for (const voter of VOTER_LOGINS) {
    await castVote(story.stateDir, { code, voter, decision: 'approve', keyFile: null });
  }
  return `${VOTER_LOGINS.join(' and ')} signed with throw-away keys of this runtime (staging, no real owner)`;
}

async function applyRest(story: Story, say: Say): Promise<string> {
  const { commands } = known(story.preview);
  const summary = await run('up', { total: commands, say, signal: story.signal });
  return `${assertOnly(summary, 'created')} resources created`;
}

async function readBack(story: Story): Promise<string> {
  story.applied = await observe(story.stateDir);
  story.counts = proveApplied(known(story.before), story.applied, planned(known(story.preview)));
  const changed = story.counts.filter(({ planned: rows }) => rows !== 0);
  const { release, checked } = await verifyExecutor(statePaths(story.stateDir));
  const executor = `${release.name} in use, ${checked} checks, KG answers as before`;
  return `${changed.length} surfaces as planned, ${story.counts.length - changed.length} unchanged; ${executor}`;
}

async function applyAgain(story: Story, say: Say): Promise<string> {
  const summary = await run('up', { total: 0, say, signal: story.signal });
  const unchanged = assertOnly(summary, 'unchanged');
  proveNothingWritten(known(story.applied), await observe(story.stateDir), 'an up with nothing to do');
  return `${unchanged} resources unchanged, no row written`;
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

async function retire(story: Story, say: Say): Promise<string> {
  const { commands } = known(story.preview);
  const summary = await run('destroy', { total: commands, say, signal: story.signal });
  return `${assertOnly(summary, 'deleted')} resources deleted`;
}

async function proveRetire(story: Story): Promise<string> {
  const after = await observe(story.stateDir);
  const compared = proveRetired(known(story.before), after);
  const { release } = await verifyExecutor(statePaths(story.stateDir));
  const ledger = `ledger grown to ${after.state.ledger.entries} entries`;
  return `${compared} older rows byte for byte as before, ${ledger}, ${release.name} in use again`;
}

async function applyOnceMore(story: Story, say: Say): Promise<string> {
  for (const _ of ASKED_FOR) {
    await applyUntilQuorum(story, say);
    await approve(story);
  }
  await applyRest(story, say);
  story.again = await observe(story.stateDir);
  proveSame(known(story.applied), story.again);
  return `${ASKED_FOR.length} new requests with two new votes each; every other live row is the same as the first time`;
}

async function tidyUp({ startedHere, stateDir }: Story): Promise<string> {
  if (!startedHere) return 'it ran before, and runs on';
  await stopRuntime(stateDir, SILENT);
  return 'stopped';
}

/** What `planned-deltas.yaml` says of the steps that the stack declares. */
function planned({ config }: Preview): PlannedCounts {
  const deltas = parsePlannedDeltas(parseYaml(readFileSync(path.join(CHECKOUT, 'planned-deltas.yaml'), 'utf8')));
  const through = STEP_IDS.find((step) => step === config['c1:through']) ?? LAST_STEP;
  const total: Record<string, number> = {};
  for (const step of STEP_IDS.slice(0, STEP_IDS.indexOf(through) + 1)) {
    for (const [surface, rows] of Object.entries(plannedCounts(deltas, step))) {
      if (isSurfaceName(surface)) total[surface] = (total[surface] ?? 0) + rows;
    }
  }
  // Votes are counted by their request; each writes its entry in the handbook.
  const votes = (total.apr_requests ?? 0) * VOTER_LOGINS.length;
  return { ...total, apr_approvals: votes, dot_ledger: (total.dot_ledger ?? 0) + votes };
}

function known<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new TypeError('a chapter of the demo was left out');
}
