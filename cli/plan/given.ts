import type { PlanDocument } from '../../domain/planning/document.ts';
import { unalteredPlanIn } from '../../review/plan/document.ts';
import { readGiven } from '../evidence.ts';
import { mismatch } from '../plan.ts';
import { assertStateOfProgram } from '../stack.ts';
import { makePlan } from './make.ts';

/**
 * The plan that an owner looks at or decides about: a document that he was given, as it was written, or one that is made now,
 * on which preview and planned deltas agree.
 *
 * @throws C1Error as `unalteredPlanIn` and `makePlan`; HOLD_PREVIEW_DELTA_MISMATCH
 */
export async function planFor(
  stateDir: string,
  { stack, plan: file }: { readonly stack: string; readonly plan?: string },
): Promise<PlanDocument> {
  if (file !== undefined) return unalteredPlanIn(readGiven(file), stack);
  assertStateOfProgram(stateDir);
  return agreedPlan(stateDir, stack);
}

/** A plan made now, on which preview and planned deltas agree. @throws C1Error as `makePlan`; HOLD_PREVIEW_DELTA_MISMATCH */
export async function agreedPlan(stateDir: string, stack: string): Promise<PlanDocument> {
  const { document, differences } = await makePlan(stateDir, stack);
  if (document === null || differences.length > 0) throw mismatch(differences);
  return document;
}
