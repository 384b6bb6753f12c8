import { type Delta, refOf } from '../deltas.ts';
import { isPlanned, type PlannedDeltas, plannedName } from '../planned-deltas.ts';
import type { StepId } from '../steps/step.ts';
import { SURFACES } from '../surfaces.ts';
import type { Difference, ProgramPlan } from './document.ts';
import type { RetiredResource } from './retire-walk.ts';
import type { StoredStack } from './stored.ts';

export interface RetireCompared {
  readonly stored: StoredStack;
  readonly retired: readonly RetiredResource[];
  readonly planned: PlannedDeltas;
  readonly totals: ProgramPlan['totals'];
}

type Total = ProgramPlan['totals'][number];

/**
 * Every row on which planned-deltas.yaml, the runtime's journal and the retires do not agree: a row that is taken back and
 * was never planned; what was applied and is not taken back; and, of a step whose gate has read it back, whatever
 * planned-deltas.yaml brings and is not there.
 */
export function retireDifferences(compared: RetireCompared): readonly Difference[] {
  const { stored, retired, totals, planned } = compared;
  return [
    ...retired.flatMap((one) => unnamed(one, planned)),
    ...totals.filter(({ applied, remaining }) => applied + remaining !== 0).map(leftOver),
    ...totals
      .filter((one) => stored.whole.has(one.step) && one.applied !== one.planned)
      .flatMap((one) => missing(one, compared)),
  ];
}

function unnamed({ stored: { step }, deltas }: RetiredResource, planned: PlannedDeltas): readonly Difference[] {
  // The baseline is in no plan; what a retire appends to a history says what was put back.
  if (step === 'BASELINE') return [];
  return deltas
    .filter((delta) => !isAppended(delta) && !isPlanned(planned, step, delta))
    .map((delta) => ({
      where: `${step} ${refOf(delta)}`,
      seen: delta.op,
      expected: 'no such row: planned-deltas.yaml does not name it',
    }));
}

function isAppended({ surface, op }: Delta): boolean {
  return op === 'insert' && SURFACES[surface].kind === 'history' && SURFACES[surface].status === null;
}

function leftOver({ step, surface, applied, remaining }: Total): Difference {
  return {
    where: `${step} ${surface}`,
    seen: `${applied} live and ${-remaining} to be retired`,
    expected: 'all of them',
  };
}

function missing({ step, surface, applied, planned }: Total, compared: RetireCompared): readonly Difference[] {
  const rows = compared.planned.steps[step]?.rows[surface] ?? {};
  const names = retiredNames(step, surface, compared.retired);
  const absent = Object.entries(rows).filter(([name, operation]) => operation === 'insert' && !names.has(name));
  if (absent.length === 0) {
    const expected = `${planned}, as planned-deltas.yaml says`;
    return [{ where: `${step} ${surface}`, seen: `${applied} live`, expected }];
  }
  return absent.map(([name, operation]) => ({
    where: `${step} ${surface}/${name}`,
    seen: 'no such row to retire',
    expected: `${operation}, as planned-deltas.yaml says`,
  }));
}

function retiredNames(
  step: StepId,
  surface: Total['surface'],
  retired: readonly RetiredResource[],
): ReadonlySet<string> {
  const deltas = retired.filter(({ stored }) => stored.step === step).flatMap((one) => one.deltas);
  return new Set(deltas.filter((delta) => delta.surface === surface).map(plannedName));
}
