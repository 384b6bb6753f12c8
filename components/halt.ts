import * as pulumi from '@pulumi/pulumi';
import { C1Error } from '../domain/codes.ts';
import { activeGrants } from '../domain/plans/grant-request.ts';
import type { StepPlan } from '../domain/program.ts';
import type { RuntimeState } from '../domain/runtime-state.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { GovernedStep } from './governed-step.ts';
import type { LiveState } from './snapshot.ts';

/**
 * What a stack says at its end (readiness.md, "HALT"): the verdict that W9's gate gave, or the exact HOLD. A run that stops
 * before it says its own code and changes no output.
 *
 * @param live the runtime before this run
 */
export function haltOf(
  declared: readonly GovernedStep[],
  plans: readonly StepPlan[],
  live: LiveState,
): pulumi.Output<string> {
  const last = declared.find(({ step }) => step.id === 'W9');
  if (last === undefined) return pulumi.output(holdBefore(declared).message);
  const spent = grantFault(plans, live.snapshot);
  if (spent !== null) return pulumi.output(spent.message);
  return last.outcome.apply((answer) => staleFault(plans, live.state, answer)?.message ?? verdictIn(answer));
}

function holdBefore(declared: readonly GovernedStep[]): C1Error {
  const seen = `a stack through ${declared.at(-1)?.step.id ?? 'nothing'}`;
  return new C1Error('HOLD_NOT_AT_HALT', { seen, expected: 'one through W9' });
}

/** Proven once is not ready for ever: a grant that was used or is over since readies nothing. */
function grantFault(plans: readonly StepPlan[], snapshot: Snapshot): C1Error | null {
  if (isToCome(plans, 'W7') || activeGrants(snapshot).some(({ past }) => past !== true)) return null;
  return new C1Error('HOLD_PREFLIGHT_NOT_READY', {
    seen: 'no grant that can still be used',
    expected: 'one, active and unexpired',
    next: 'raise c1:grantGeneration, then npx pulumi up, which asks the owners and proves readiness anew',
  });
}

/**
 * What W9's gate read back is true of the runtime that it saw. Its own rows to come, it is asked again; else whatever was
 * written since, or will be by this run, is in no evidence.
 */
function staleFault(plans: readonly StepPlan[], { ledger }: RuntimeState, answer: string): C1Error | null {
  if (isToCome(plans, 'W9')) return null;
  const [, head] = HEAD.exec(answer) ?? [];
  const before = plans.find(({ step }) => isToCome(plans, step.id));
  if (before === undefined && (head === undefined || head === ledger.head)) return null;
  return new C1Error('HOLD_EVIDENCE_STALE', {
    seen: before === undefined ? "entries of the handbook after W9's" : `rows of ${before.step.id} to come after W9`,
    expected: 'nothing written after the evidence',
  });
}

function isToCome(plans: readonly StepPlan[], id: string): boolean {
  return plans.some(({ step, rows }) => step.id === id && rows.some(({ deltas }) => deltas.length > 0));
}

const HEAD = /"ledgerHead":"([0-9a-f]{64})"/;
const ANSWER = /"verdict":"([^"]+)"/;

/** A gate that read nothing back has said nothing. */
function verdictIn(answer: string): string {
  const [, verdict] = ANSWER.exec(answer) ?? [];
  if (verdict !== undefined) return verdict;
  return new C1Error('HOLD_EVIDENCE_MISSING', { seen: "W9's gate without a verdict", expected: 'HALT' }).message;
}
