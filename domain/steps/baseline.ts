import { baselineRecord } from '../plans/baseline-record.ts';
import { type Step, stepRow } from './step.ts';

/** The first resource of all: counters and digests that W9 and every gate compare with. */
export function baselineStep(): Step {
  return {
    id: 'BASELINE',
    title: 'Baseline',
    goal: 'Record counters and a digest of every governed surface, against which everything else is proven unchanged.',
    dotPaths: ['dot-baseline-record'],
    payloadFiles: [],
    rows: [
      stepRow({
        type: 'c1:baseline:Baseline',
        name: 'baseline',
        inputs: { runtime: 'c1' },
        create: 'dot-baseline-record --cloud --step BASELINE',
        retire: 'dot-baseline-record --cloud --step BASELINE --retire',
        dotPlan: baselineRecord,
        payload: { runtime: 'c1' },
      }),
    ],
    readback: 'iu_core.v_baseline is open and names this stack',
    retire: 'dot-baseline-record --retire appends the closing row',
    blastRadius: 'bookkeeping in iu_core; no governed surface',
    stops: ['a baseline of another stack is open'],
    attack: 'recording a second baseline over a drifted runtime',
  };
}
