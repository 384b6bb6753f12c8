import * as z from 'zod/mini';
import '../english.ts';
import { type PlannedDeltas, plannedBySteps } from '../planned-deltas.ts';
import { occasion, occasionOf } from '../readiness/occasion.ts';
import { readbackRequest } from '../readiness/readback.ts';
import type { Generations } from '../release.ts';
import type { Step } from '../steps/step.ts';

const text = z.string();

/** A step as evidence shows it: what it says of itself, and every command line, without the claim that a stack adds. */
export const evidenceStep = z.strictObject({
  id: text,
  title: text,
  goal: text,
  commands: z.array(text),
  retires: z.array(text),
  readback: text,
  blast_radius: text,
  stops: z.array(text),
  attack: text,
});
export type EvidenceStep = z.infer<typeof evidenceStep>;

/**
 * What W9 asks for on standard input: the steps as they are declared, and for what they are to be proven. Another
 * definition or generation is another input, so that the package is made anew (steps.md, W8).
 */
export const evidenceOrder = z.strictObject({
  proven_for: occasion,
  planned: readbackRequest.shape.planned,
  steps: z.array(evidenceStep).check(z.minLength(1)),
});
export type EvidenceOrder = z.infer<typeof evidenceOrder>;

export function evidenceOrderOf(
  steps: readonly Step[],
  generations: Generations,
  planned: PlannedDeltas,
): EvidenceOrder {
  const ids = steps.map(({ id }) => id);
  return {
    proven_for: occasionOf(steps, generations),
    planned: plannedBySteps(planned, ids),
    steps: steps.map(stepOf),
  };
}

function stepOf(step: Step): EvidenceStep {
  const { id, title, goal, readback, blastRadius, stops, attack, rows } = step;
  const before = [...(step.first ?? []), ...(step.rehearsal === undefined ? [] : [step.rehearsal])];
  const commands = [...before, ...rows, ...(step.commands ?? [])];
  return {
    ...{ id, title, goal, readback, blast_radius: blastRadius, stops: [...stops], attack },
    commands: commands.map(({ create }) => create),
    retires: [...new Set(rows.map(({ retire }) => retire))],
  };
}
