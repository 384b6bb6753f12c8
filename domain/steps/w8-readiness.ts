import { type PlannedDeltas, plannedBySteps } from '../planned-deltas.ts';
import { BAD_INPUT_COUNT } from '../readiness/bad-input.ts';
import { occasionOf } from '../readiness/occasion.ts';
import { PREFLIGHT_CHECKS } from '../readiness/preflight.ts';
import type { GrantBinding } from '../release.ts';
import type { Step } from './step.ts';

interface Payloads {
  readonly binding: GrantBinding;
  readonly planned: PlannedDeltas;
}

/**
 * W8: READY, proven by what looks and writes nothing. What it is proven for is part of the commands' input: another
 * definition of a step, or another generation of grant or evidence, is proven anew.
 *
 * @param before the steps that READY is said of
 */
export function readinessStep({ binding, planned }: Payloads, before: readonly Step[]): Step {
  const request = occasionOf(before, binding);
  const expected = plannedBySteps(
    planned,
    before.map(({ id }) => id),
  );
  return {
    id: 'W8',
    title: 'Readiness',
    goal: 'Prove that a governed dry run could be, and that nothing else could: every condition holds, every bad input is refused.',
    dotPaths: ['dot-c1-preflight', 'dot-c1-bad-input-harness', 'dot-c1-evidence-readback'],
    payloadFiles: [],
    rows: [],
    commands: [
      { name: 'preflight', create: 'dot-c1-preflight --cloud', request },
      { name: 'bad-inputs', create: 'dot-c1-bad-input-harness --cloud', request },
      { name: 'readback', create: 'dot-c1-evidence-readback --cloud', request: { ...request, planned: expected } },
    ],
    readback: `preflight READY ${PREFLIGHT_CHECKS.length}/${PREFLIGHT_CHECKS.length}; ${BAD_INPUT_COUNT}/${BAD_INPUT_COUNT} bad inputs refused with their codes, their good halves accepted, every counter as before; of every surface, what the baseline and the planned rows come to, in one snapshot`,
    retire: 'nothing to retire: it only reads',
    blastRadius: 'none: read-only',
    stops: [
      'one of the eight checks does not hold',
      'a bad input yields PASS, digest or seal',
      'a case is left out',
      'a counter is off the planned deltas',
      'a DOT without its whole lifecycle',
    ],
    attack: 'any invalid input yields PASS, digest or seal; any check writes',
  };
}
