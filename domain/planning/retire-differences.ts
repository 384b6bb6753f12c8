import { type Delta, refOf } from '../deltas.ts';
import { isPlanned, type PlannedDeltas } from '../planned-deltas.ts';
import { SURFACES } from '../surfaces.ts';
import type { Difference, ProgramPlan } from './document.ts';
import type { RetiredResource } from './retire-walk.ts';

export interface RetireCompared {
  readonly retired: readonly RetiredResource[];
  readonly planned: PlannedDeltas;
  readonly totals: ProgramPlan['totals'];
}

type Total = ProgramPlan['totals'][number];

/**
 * Every row on which planned-deltas.yaml, the runtime's journal and the retires do not agree: a row that is taken back and
 * was never planned, and what was applied and is not taken back. A row that is gone already is none: a destroy is also the
 * way out of that.
 */
export function retireDifferences({ retired, totals, planned }: RetireCompared): readonly Difference[] {
  return [
    ...retired.flatMap((one) => unnamed(one, planned)),
    ...totals.filter(({ applied, remaining }) => applied + remaining !== 0).map(leftOver),
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
