import { existsSync, realpathSync } from 'node:fs';
import * as pulumi from '@pulumi/pulumi';
import type { PatchProposal } from '../domain/apr.ts';
import { C1Error } from '../domain/codes.ts';
import { LABEL_LINE } from '../domain/label.ts';
import { MANIFEST_REFS, manifestIn } from '../domain/plans/grant-content.ts';
import { assertHandlerFirst, assertThrough, countDeltas, planSteps, refsOf, stepsThrough } from '../domain/program.ts';
import { BLANK_PLAN, blankBinding } from '../domain/release.ts';
import { assertIntegrity } from '../domain/runtime-state.ts';
import { binsOf, type Step } from '../domain/steps/step.ts';
import { assertArrivals, comingRows } from './arrivals.ts';
import { readConfig, type StackConfig, shownConfig } from './config.ts';
import { declareSteps } from './declare.ts';
import { haltOf } from './halt.ts';
import { readExecutorBuild, readPayloadFiles, readPlannedDeltas, readRelease } from './input-files.ts';
import type { LookUps } from './look-ups.ts';
import { handOnPlan } from './plan-file.ts';
import { type Reader, startReader } from './reader.ts';
import { deltaLines, deltaTable } from './report.ts';
import { type Bins, CROSS_CHECKED, crossCheck, type LiveState, readLiveState } from './snapshot.ts';
import { localTransport } from './transport.ts';

const PROJECT = 'c1';
const STATE_FOLDER = '.c1';
const PAYLOAD_FOLDER = 'payloads';
const RELEASE_FOLDER = `${STATE_FOLDER}/opt/incomex/dot/release`;
const EXECUTOR_FOLDER = `${STATE_FOLDER}/opt/incomex/executor`;
const PLANNED_DELTAS = 'planned-deltas.yaml';

/** The stack's outputs. */
export interface StackEnd {
  readonly halt: pulumi.Output<string>;
}

/**
 * The whole program: read config, read the runtime, judge it, plan every row on it, show the deltas, declare the steps.
 * Nothing is registered before all of that has passed.
 *
 * @returns the stack's outputs
 * @param reader started before this module was loaded, and not asked yet
 * @param lookUps begun before this module was loaded: they are to be compared with the reader's snapshot
 */
export async function runStack(reader: Reader, lookUps: Promise<LookUps>): Promise<StackEnd> {
  try {
    return await declare(reader, lookUps);
  } catch (error) {
    reader.dismiss();
    // One clean line: a stack trace says nothing to an operator, and Pulumi would print it.
    if (error instanceof C1Error) throw new pulumi.RunError(error.message);
    throw error;
  }
}

async function declare(reader: Reader, lookUps: Promise<LookUps>): Promise<StackEnd> {
  assertProject();
  assertStateFolder();
  const config = readConfig();
  const brought = { ...readRelease(RELEASE_FOLDER), ...readExecutorBuild(EXECUTOR_FOLDER) };
  const payloads = { ...readPayloadFiles(PAYLOAD_FOLDER), ...brought };
  const generations = { generation: config.grantGeneration, evidence: config.evidenceGeneration };
  // What W7 is bound to is read with everything else; which rows are read does not depend on it.
  const draft = stepsThrough(config.through, { ...payloads, binding: blankBinding(generations), planned: BLANK_PLAN });
  const bins = binsNeeded(draft, payloads.proposal);
  const [live, planned] = await Promise.all([
    readLiveState([...refsOf(draft), ...MANIFEST_REFS, ...CROSS_CHECKED], bins, reader),
    readPlannedDeltas(PLANNED_DELTAS),
  ]);
  const manifest = manifestIn(live.snapshot);
  assertExpectedManifest(config, manifest.hash);
  const steps = stepsThrough(config.through, { ...payloads, binding: { manifest, ...generations }, planned });
  assertIntegrity(live.state);
  assertApprovals(config, live);
  assertThrough(config.through, live.state);
  assertHandlerFirst(steps, live.state);
  const plans = planSteps(steps, live.snapshot, pulumi.getStack());
  handOnPlan({ kind: config.target, config: shownConfig(config), plans, planned, payloads, ...live });
  const counts = countDeltas(plans, planned, live.state);
  await crossCheck(live.snapshot, lookUps);
  const shown = [LABEL_LINE, deltaTable(counts, live.state), deltaLines(plans)].join('\n');
  const told = pulumi.runtime.isDryRun() ? pulumi.log.info(shown) : Promise.resolve();
  told.catch(() => undefined);
  const declared = declareSteps(steps, planned, localTransport, {
    snapshot: live.snapshot,
    approvals: config.approvals,
  });
  assertArrivals(declared, plans, () => remainingRows(steps, bins));
  await told;
  return { halt: haltOf(declared, plans, live) };
}

/** The runtime as it is after the update: which rows are still to come. */
async function remainingRows(steps: readonly Step[], bins: Bins): Promise<readonly string[]> {
  const live = await readLiveState(refsOf(steps), bins, startReader(localTransport));
  return comingRows(planSteps(steps, live.snapshot, pulumi.getStack()));
}

/** What W1 stages is not there before it. */
function binsNeeded(steps: readonly Step[], { alias, staged_files }: PatchProposal): Bins {
  const all = [...new Set(steps.flatMap(binsOf))];
  const brought = new Set([alias, ...staged_files.map(({ file }) => file)]);
  return { bins: all.filter((name) => !brought.has(name)), staged: all.filter((name) => brought.has(name)) };
}

function assertProject(): void {
  const project = pulumi.getProject();
  if (project === PROJECT) return;
  throw new C1Error('ERROR_STACK_OTHER_PROJECT', { seen: `project ${project}`, expected: `project ${PROJECT}` });
}

/** Resource inputs name `.c1` by relative path; another folder would be another runtime than the one that is meant. */
function assertStateFolder(): void {
  const named = process.env.C1_STATE_DIR ?? '';
  if (
    named === '' ||
    (existsSync(named) && existsSync(STATE_FOLDER) && realpathSync(named) === realpathSync(STATE_FOLDER))
  )
    return;
  throw new C1Error('ERROR_CONFIG_INVALID', {
    seen: `C1_STATE_DIR ${named}`,
    expected: `the folder ${STATE_FOLDER} of the checkout, which the program works on`,
    next: `unset C1_STATE_DIR, or make ${STATE_FOLDER} a link to that folder`,
  });
}

/** What the owner of production rows expects; another manifest is never granted anything. */
function assertExpectedManifest({ expectedManifestHash: expected }: StackConfig, seen: string): void {
  if (expected === null || expected === seen) return;
  throw new C1Error('HOLD_MANIFEST_HASH_UNEXPECTED', {
    seen,
    expected: `${expected}, as c1:expectedManifestHash says`,
  });
}

/** The runtime decides whether approvals are needed; a stack that says otherwise would mislead whoever reads it. */
function assertApprovals(config: StackConfig, { state }: LiveState): void {
  if (config.approvals === state.approvals) return;
  throw new C1Error('ERROR_CONFIG_INVALID', {
    seen: `c1:approvals ${config.approvals}`,
    expected: `${state.approvals}, as the runtime was installed`,
    next: `pulumi config set c1:approvals ${state.approvals} --stack ${pulumi.getStack()}`,
  });
}
