import { canonicalJson, type Json } from '../../../domain/canonical.ts';
import type { PlanDocument, PlannedStep, ProgramPlan } from '../../../domain/planning/document.ts';
import { programPlanOf } from '../../../domain/planning/program-plan.ts';
import { planSteps } from '../../../domain/program.ts';
import { blankBuild } from '../../../domain/release.ts';
import { planDocumentOf } from '../../../review/plan/document.ts';
import type { PreviewedResource } from '../../../review/plan/preview.ts';
import { EMPTY, PLANNED, STATE } from '../../domain/support/empty-runtime.ts';
import { STEPS } from '../../dots/support/rows.ts';

export const STACK = 'trial';
const BIN = 'dot-dot-register';

/** What the program hands on of a runtime without a row of ours. */
export const PROGRAM: ProgramPlan = programPlanOf({
  ...{ stack: STACK, kind: 'embedded', planned: PLANNED, payloads: blankBuild(), snapshot: EMPTY },
  config: { approvals: 'none', through: 'W9', grant_generation: 1, expected_manifest_hash: null },
  state: { ...STATE, bins: { [BIN]: 'a'.repeat(64) } },
  plans: planSteps(STEPS, EMPTY, STACK),
});

/** What the engine says of these steps when nothing of them is there. */
export const RESOURCES: readonly PreviewedResource[] = PROGRAM.steps.flatMap(resourcesOf);

export function documentOf(program: ProgramPlan = PROGRAM, resources = RESOURCES): PlanDocument {
  return planDocumentOf({
    ...{ program, resources },
    source: { digest: 'b'.repeat(64), files: 3 },
    versions: { engine: '3.0.0', sdk: '3.0.0', command: '1.0.0', postgresql: '3.0.0' },
  });
}

/** A copy with one thing else in it. */
export function altered<T>(value: T, change: (copy: T) => void): T {
  const copy = JSON.parse(canonicalJson(value as Json)) as T;
  change(copy);
  return copy;
}

function resourcesOf({ id, title, rows, commands }: PlannedStep): readonly PreviewedResource[] {
  const prefix = id.toLowerCase();
  const op = 'create';
  const command = (name: string, create: string) => ({
    type: 'command:local:Command',
    name,
    op,
    create: `./${create}`,
  });
  return [
    { type: `c1:step:${title}`, name: prefix, op, create: null },
    ...['open', 'gate'].map((what) => command(`${prefix}-${what}`, `c1-reader ${what} --step ${id}`)),
    ...rows.flatMap(({ type, name, create }) => [{ type, name, op, create: null }, command(name, create)]),
    ...commands.map(({ name, create }) => command(name, create)),
  ];
}
