import { sameJson } from '../../domain/canonical.ts';
import { type PlannedDeltas, plannedCounts } from '../../domain/planned-deltas.ts';
import { STEP_IDS } from '../../domain/steps/step.ts';
import { requestOf } from '../command.ts';
import type { ResourceRule } from '../rule.ts';

const GATE = /^\.\/c1-reader gate --step (\S+)$/;

/** A gate counts what the step brought; one that expects something else would pass it. Runs are counted here as well. */
export function gatesExpectThePlan(planned: PlannedDeltas): ResourceRule {
  return {
    name: 'gates-expect-the-plan',
    description: 'Every gate expects exactly the row counts of planned-deltas.yaml.',
    next: 'npx c1 plan --check, then correct planned-deltas.yaml or what asks the gate',
    check: (resource) => {
      const [, named] = GATE.exec(String(resource.inputs.create)) ?? [];
      if (named === undefined) return [];
      const step = STEP_IDS.find((id) => id === named);
      const expected = step === undefined ? null : plannedCounts(planned, step);
      const seen = requestOf(resource)?.expected ?? null;
      if (expected !== null && sameJson(seen, expected)) return [];
      return [{ seen: `${resource.name} expecting ${JSON.stringify(seen)}`, expected: JSON.stringify(expected) }];
    },
  };
}
