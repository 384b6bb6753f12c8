import * as z from 'zod/mini';
import { digestOf, type Json } from '../canonical.ts';
import '../english.ts';
import type { Generations } from '../release.ts';
import type { Step } from '../steps/step.ts';

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/**
 * What readiness is proven for: the steps as they are declared, and which grant and evidence the stack asks for. It goes to
 * standard input of W8's commands, so that another definition or generation is another input, and is proven anew (steps.md,
 * W8). The evidence's own generation is for what changes neither: a row put back, a folder lost.
 */
export const occasion = z.strictObject({
  definitions: z.record(z.string(), sha256),
  grant_generation: z.int().check(z.positive()),
  evidence_generation: z.int().check(z.positive()),
});
export type Occasion = z.infer<typeof occasion>;

export function occasionOf(steps: readonly Step[], { generation, evidence }: Generations): Occasion {
  return {
    definitions: Object.fromEntries(steps.map((step) => [step.id, definitionDigest(step)])),
    ...{ grant_generation: generation, evidence_generation: evidence },
  };
}

const digests = new WeakMap<Step, string>();

/**
 * SHA-256 of everything that a step says and sends; what only plans with it, the functions, is no part of it. A step is
 * never changed, and W8, W9, the approvals and the plan all ask for it.
 */
export function definitionDigest(step: Step): string {
  const digest = digests.get(step) ?? digestOfDefinition(step);
  digests.set(step, digest);
  return digest;
}

function digestOfDefinition(step: Step): string {
  const rows = step.rows.map(({ type, name, owner, place, inputs, create, retire, payload, after }) => ({
    ...{ type, name, owner, place, create, retire, after: [...after] },
    ...{ inputs: inputs as Json, payload },
  }));
  // Through JSON text, which leaves out what a step does not have.
  return digestOf(JSON.parse(JSON.stringify({ ...step, rows })) as Json);
}
