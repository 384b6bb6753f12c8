import path from 'node:path';
import { z } from 'zod';
import { C1Error } from '../../domain/codes.ts';
import type { ProgramPlan } from '../../domain/planning/document.ts';
import { retirePlanOf } from '../../domain/planning/retire-plan.ts';
import { planRetire } from '../../domain/planning/retire-walk.ts';
import type { StoredStack } from '../../domain/planning/stored.ts';
import { LAST_STEP, stepsThrough } from '../../domain/program.ts';
import { BLANK_PLAN, blankBinding } from '../../domain/release.ts';
import { assertBins } from '../../dots/reader/bins.ts';
import { assertBaselineOpen, checkRetire } from '../../dots/reader/checks.ts';
import { planDocumentOf, wholeProgramPlan } from '../../review/plan/document.ts';
import { sourceDigest } from '../../review/plan/source.ts';
import { storedStack } from '../../review/plan/stored.ts';
import { CHECKOUT, statePaths } from '../../runtime/paths.ts';
import { engineFailure, pulumi } from '../engine.ts';
import { versionsOf } from '../plan/make.ts';
import { exportStack } from '../stack.ts';
import type { MadePlan } from '../walk.ts';
import { type ClaimedState, readClaimedState } from './read.ts';

/**
 * What a destroy of the stack would take back; nothing is written. The stack's state says which commands, the claims which
 * rows, and the DOTs' own plans what becomes of them.
 *
 * @throws C1Error ERROR_STACK_UNKNOWN; ERROR_READ_FAILED for whatever is not whole; HOLD_ROLLBACK_PATH,
 * REJECT_ROLLBACK_DELETE, HOLD_BASELINE_MISSING, HOLD_DRIFT and whatever else would stop the destroy;
 * HOLD_DOT_INTERFACE_MISMATCH when a bin is not the one that the runtime knows
 */
export async function makeRetirePlan(stateDir: string, stack: string): Promise<MadePlan> {
  // One after the other: either may have the engine write the salt of the stack's file, and take it out again.
  const stored = storedStack((await exportStack(stack)).deployment.resources ?? []);
  const entries = await readConfig(stack);
  const found = await readClaimedState(stateDir);
  if (stored.rows.length > 0) assertRetirable(found);
  const program = await programOf(stateDir, stack, { stored, found, entries });
  assertBins(statePaths(stateDir).bin, Object.keys(program.bins), program.bins);
  const resources = stored.resources.map((one) => ({ ...one, op: 'delete' }));
  const parts = { source: sourceDigest(CHECKOUT, stack), versions: versionsOf(statePaths(stateDir)), resources };
  return { document: planDocumentOf({ program, ...parts }), position: found.position };
}

/** What each step's own check before its first retire asks; asked here, nothing is begun that would stop half-way. */
function assertRetirable({ state }: ClaimedState): void {
  assertBaselineOpen(state);
  checkRetire(state);
}

interface Read {
  readonly stored: StoredStack;
  readonly found: ClaimedState;
  readonly entries: Readonly<Record<string, string>>;
}

async function programOf(stateDir: string, stack: string, { stored, found, entries }: Read): Promise<ProgramPlan> {
  // Only this needs them: `c1` itself starts without.
  const { readExecutorBuild, readPayloadFiles, readPlannedDeltas, readRelease } = await import(
    '../../components/input-files.ts'
  );
  const paths = statePaths(stateDir);
  const payloads = { ...readRelease(paths.release), ...readExecutorBuild(paths.executor) };
  const brought = { ...readPayloadFiles(path.join(CHECKOUT, 'payloads')), ...payloads };
  const { state, claims, snapshot } = found;
  const plan = retirePlanOf({
    ...{ stack, stored, state, snapshot, payloads },
    kind: entries['c1:target'] ?? 'unknown',
    config: configOf(entries, stored, found),
    retired: planRetire(stack, stored.rows, claims, snapshot),
    planned: await readPlannedDeltas(path.join(CHECKOUT, 'planned-deltas.yaml')),
    words: stepsThrough(LAST_STEP, { ...brought, binding: blankBinding(), planned: BLANK_PLAN }),
  });
  return wholeProgramPlan(plan);
}

/** Through which step the stack is applied is for its state to say, not for its configuration. */
function configOf(entries: Read['entries'], { steps }: StoredStack, { state }: ClaimedState): ProgramPlan['config'] {
  return {
    approvals: state.approvals ?? 'unknown',
    through: steps[0] ?? 'BASELINE',
    grant_generation: Number(entries['c1:grantGeneration'] ?? 1),
    expected_manifest_hash: entries['c1:expectedManifestHash'] ?? null,
  };
}

const configured = z.record(z.string(), z.looseObject({ value: z.string().optional() }));

async function readConfig(stack: string): Promise<Read['entries']> {
  const words = ['config', '--json', '--stack', stack];
  const { exitCode, stdout, all } = await pulumi(words);
  if (exitCode !== 0) throw engineFailure(all, words);
  try {
    const entries = Object.entries(configured.parse(JSON.parse(stdout)));
    return Object.fromEntries(entries.flatMap(([key, { value }]) => (value === undefined ? [] : [[key, value]])));
  } catch (cause) {
    const seen = `a configuration of ${stack} of another shape`;
    throw new C1Error('ERROR_READ_FAILED', { seen, expected: 'keys with values' }, { cause });
  }
}
