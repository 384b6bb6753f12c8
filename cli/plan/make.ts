import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { C1Error } from '../../domain/codes.ts';
import type { Difference, PlanDocument, ProgramPlan } from '../../domain/planning/document.ts';
import { assertBins } from '../../dots/reader/bins.ts';
import { read as engineReport } from '../../engine/ensure.mjs';
import { pins } from '../../engine/pins.mjs';
import { disagreements } from '../../review/plan/agreement.ts';
import { planDocumentOf, programPlanIn } from '../../review/plan/document.ts';
import { policyRefusals, previewedResources, previewFailure } from '../../review/plan/preview.ts';
import { sourceDigest } from '../../review/plan/source.ts';
import { CHECKOUT, type StatePaths, statePaths } from '../../runtime/paths.ts';
import { engineFailure, POLICY_PACK, pulumi } from '../engine.ts';

export interface Made {
  /** Null where the preview stopped because its rows are not the planned ones. */
  readonly document: PlanDocument | null;
  /** Rows on which the plans, planned-deltas.yaml and the preview do not agree. */
  readonly differences: readonly Difference[];
}

/**
 * One preview of the engine, and the plan of that very preview; nothing is written to the runtime.
 *
 * @throws C1Error whatever stops the preview before its rows are known; HOLD_DOT_INTERFACE_MISMATCH when a bin is not the
 * one that the runtime knows; ERROR_READ_FAILED when the preview is not whole
 */
export async function makePlan(stateDir: string, stack: string): Promise<Made> {
  const paths = statePaths(stateDir);
  const runs = path.join(paths.state, 'runs');
  const file = path.join(runs, `plan-${randomUUID()}.json`);
  mkdirSync(runs, { recursive: true });
  try {
    const words = ['preview', '--stack', stack, '--json', '--show-sames', '--policy-pack', POLICY_PACK];
    // What a rule refuses stands in no JSON of a preview, only among its events, which a debug flag writes.
    const events = `${file}.events`;
    const env = { C1_PLAN_FILE: file, PULUMI_DEBUG_COMMANDS: 'true' };
    const { exitCode, stdout, all } = await pulumi([...words, '--event-log', events], { env });
    if (exitCode === 0) return complete(paths, programPlanIn(handedOn(file)), stdout, stack);
    const refused = existsSync(events) ? policyRefusals(readFileSync(events, 'utf8')) : '';
    return stopped(file, engineFailure(`${refused}\n${previewFailure(stdout)}\n${all}`, words));
  } finally {
    for (const made of [file, `${file}.events`]) rmSync(made, { force: true });
  }
}

function complete(paths: StatePaths, program: ProgramPlan, printed: string, stack: string): Made {
  const resources = previewedResources(printed);
  assertBins(paths.bin, Object.keys(program.bins), program.bins);
  const versions = versionsOf(paths);
  const document = planDocumentOf({ program, source: sourceDigest(CHECKOUT, stack), versions, resources });
  return { document, differences: [...program.differences, ...disagreements(program.steps, resources)] };
}

/** A preview that stopped at a wrong row has handed on all of them; any other stop is its own code. */
function stopped(file: string, failure: C1Error): Made {
  if (failure.code !== 'HOLD_PREVIEW_DELTA_MISMATCH' || !existsSync(file)) throw failure;
  const { differences } = programPlanIn(handedOn(file));
  if (differences.length === 0) throw failure;
  return { document: null, differences };
}

function handedOn(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    const seen = 'a preview without the plan of its rows';
    throw new C1Error('ERROR_READ_FAILED', { seen, expected: 'what the program handed on' }, { cause });
  }
}

/** What runs here, whichever way each part came (engine.md): the same bytes for whoever asks. */
export function versionsOf({ state }: StatePaths): Readonly<Record<string, string>> {
  const report = engineReport(path.join(state, 'pulumi'));
  const sdk = path.join(CHECKOUT, 'node_modules', '@pulumi', 'pulumi', 'package.json');
  const { version } = JSON.parse(readFileSync(sdk, 'utf8')) as { readonly version: string };
  return {
    engine: String(report?.cli.version ?? 'unknown').replace(/^v/, ''),
    sdk: version,
    command: pins.command,
    postgresql: pins.postgresql,
  };
}
