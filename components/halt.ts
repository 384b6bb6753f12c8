import * as pulumi from '@pulumi/pulumi';
import { C1Error } from '../domain/codes.ts';
import { activeGrants } from '../domain/plans/grant-request.ts';
import type { StepPlan } from '../domain/program.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { GovernedStep } from './governed-step.ts';

/**
 * What a stack says at its end (readiness.md, "HALT"): the verdict that W9's gate gave, or the exact HOLD. A run that stops
 * before it says its own code and changes no output.
 *
 * @param snapshot the runtime before this run
 */
export function haltOf(
  declared: readonly GovernedStep[],
  plans: readonly StepPlan[],
  snapshot: Snapshot,
): pulumi.Output<string> {
  const last = declared.find(({ step }) => step.id === 'W9');
  if (last === undefined) return pulumi.output(holdBefore(declared).message);
  const spent = grantFault(plans, snapshot);
  return spent === null ? last.outcome.apply(verdictIn) : pulumi.output(spent.message);
}

function holdBefore(declared: readonly GovernedStep[]): C1Error {
  const seen = `a stack through ${declared.at(-1)?.step.id ?? 'nothing'}`;
  return new C1Error('HOLD_NOT_AT_HALT', { seen, expected: 'one through W9' });
}

/** Proven once is not ready for ever: a grant that was used or is over since readies nothing. */
function grantFault(plans: readonly StepPlan[], snapshot: Snapshot): C1Error | null {
  const isToCome = plans.some(({ step, rows }) => step.id === 'W7' && rows.some(({ deltas }) => deltas.length > 0));
  if (isToCome || activeGrants(snapshot).some(({ past }) => past !== true)) return null;
  return new C1Error('HOLD_PREFLIGHT_NOT_READY', {
    seen: 'no grant that can still be used',
    expected: 'one, active and unexpired',
    next: 'raise c1:grantGeneration, then npx pulumi up, which asks the owners and proves readiness anew',
  });
}

const ANSWER = /"verdict":"([^"]+)"/;

/** A gate that read nothing back has said nothing. */
function verdictIn(answer: string): string {
  const [, verdict] = ANSWER.exec(answer) ?? [];
  if (verdict !== undefined) return verdict;
  return new C1Error('HOLD_EVIDENCE_MISSING', { seen: "W9's gate without a verdict", expected: 'HALT' }).message;
}
