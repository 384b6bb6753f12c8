import * as pulumi from '@pulumi/pulumi';
import { C1Error } from '../domain/codes.ts';
import type { StepPlan } from '../domain/program.ts';
import type { SurfaceName } from '../domain/surfaces.ts';
import type { GovernedStep } from './governed-step.ts';

/**
 * Stops when rows that are planned to come do not come.
 *
 * A resource that is in Pulumi's state is not created again, so a row that somebody retired behind Pulumi's back, or a
 * runtime that was reset, would stay without it while `up` says "unchanged" (architecture.md, decision 12). At preview
 * the outcome of such a resource is known already; after an update the runtime itself is asked again.
 *
 * @param remaining the rows that are still to come, read anew from the runtime
 */
export function assertArrivals(
  declared: readonly GovernedStep[],
  plans: readonly StepPlan[],
  remaining: () => Promise<readonly string[]>,
): void {
  const coming = new Set(comingRows(plans));
  const rows = declared.flatMap((step) => step.rows).filter(({ name }) => coming.has(name));
  if (rows.length === 0) return;
  if (pulumi.runtime.isDryRun()) {
    for (const { name, outcome } of rows) outcome.apply(() => stop([name]));
    return;
  }
  pulumi.all([...declared.flatMap((step) => step.rows), ...declared].map(({ outcome }) => outcome)).apply(async () => {
    const missing = await remaining();
    if (missing.length > 0) await stop(missing);
  });
}

/** Binding a handler changes a row in place, and yet what comes is the binding. */
const BINDING: SurfaceName = 'apr_action_types';

/** Names of the rows that a plan brings; a row that only changes in place is there already. */
export function comingRows(plans: readonly StepPlan[]): readonly string[] {
  return plans.flatMap(({ rows }) =>
    rows
      .filter(
        ({ deltas }) =>
          deltas.some(({ op, surface }) => (op !== 'update' || surface === BINDING) && surface !== 'dot_ledger') ||
          onlyEntry(deltas),
      )
      .map(({ row }) => row.name),
  );
}

/** The admission entry of the handbook is a row of its own. */
function onlyEntry(deltas: StepPlan['rows'][number]['deltas']): boolean {
  return deltas.length > 0 && deltas.every(({ surface }) => surface === 'dot_ledger');
}

/** The SDK's own exit code for a program that failed and has said why: the engine adds no message of its own. */
const USER_HAS_BEEN_TOLD = 32;

/** Logged, and the run fails by its exit code: thrown from here it would carry a stack trace that says nothing to an operator. */
async function stop(names: readonly string[]): Promise<void> {
  const failure = new C1Error('HOLD_ROW_MISSING', {
    seen: `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''} in Pulumi's state and no such live row`,
    expected: 'the rows of every resource that is in the state',
  });
  await pulumi.log.error(failure.message);
  process.exitCode = USER_HAS_BEEN_TOLD;
}
