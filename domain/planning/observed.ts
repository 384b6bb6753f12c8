import { refOf } from '../deltas.ts';
import type { Difference, PlanDocument } from './document.ts';
import { isJournalled } from './retire-walk.ts';

/** An applied run of the runtime's journal. */
export interface JournalledRun {
  readonly step: string;
  readonly stack: string;
  readonly resource: string;
  readonly direction: string;
  readonly delta_digest: string;
  /** `retire species/x`, one for each row that it changed. */
  readonly rows: readonly string[];
}

interface Named {
  readonly where: string;
  readonly digest: string;
  readonly rows: string;
}

/**
 * Where the runs that the journal has and those that were planned are not the same, run by run (review.md, "After up"):
 * one that is missing, one too many, one with other rows.
 *
 * @param walked `begun` where it stopped half-way: what is missing then is still to come
 */
export function observedDifferences(
  plan: PlanDocument,
  runs: readonly JournalledRun[],
  walked: 'whole' | 'begun' = 'whole',
): readonly Difference[] {
  const planned = plannedRuns(plan);
  const journalled = runs.map(nameOf);
  const missing = without(planned, journalled);
  const extra = without(journalled, planned);
  const others = new Map(missing.map((one) => [one.where, extra.find(({ where }) => where === one.where)]));
  const stayed = walked === 'whole' ? missing : missing.filter(({ where }) => others.get(where) !== undefined);
  return [
    ...stayed.map((one) => ({
      where: one.where,
      seen: runText(others.get(one.where)),
      expected: runText(one),
    })),
    ...extra
      .filter((one) => ![...others.values()].includes(one))
      .map((one) => ({ where: one.where, seen: runText(one), expected: 'no such run' })),
  ];
}

/** How many runs of the journal a plan comes to; the deploy is none. */
export function plannedRuns({ stack, steps, direction }: PlanDocument): readonly Named[] {
  return steps.flatMap(({ id, rows }) =>
    rows
      .filter(({ deltas }) => isJournalled(deltas))
      .map(({ owner, deltas, delta_digest }) => ({
        where: `${id} ${stack}/${owner}`,
        digest: `${direction} ${delta_digest}`,
        rows: deltas.map((delta) => `${delta.op} ${refOf(delta)}`).join(', '),
      })),
  );
}

function nameOf({ step, stack, resource, direction, delta_digest, rows }: JournalledRun): Named {
  return { where: `${step} ${stack}/${resource}`, digest: `${direction} ${delta_digest}`, rows: rows.join(', ') };
}

/** Each as often as it is there: the same run twice is one too many. */
function without(all: readonly Named[], taken: readonly Named[]): readonly Named[] {
  const left = taken.map(identity);
  return all.filter((one) => {
    const at = left.indexOf(identity(one));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function identity({ where, digest }: Named): string {
  return `${where} ${digest}`;
}

function runText(run: Named | undefined): string {
  return run === undefined ? 'no such run' : `${run.rows} (${run.digest})`;
}
