import type { Step } from './step.ts';

/** The gate before W1: the whole expected state, and a way to run the registrar (steps.md, `PrewriteGate`). */
export function prewriteStep(): Step {
  return {
    id: 'PREWRITE',
    title: 'PrewriteGate',
    goal: 'Ask the runtime again for everything that the first write expects, and whether the registrar can be run here at all.',
    dotPaths: [],
    payloadFiles: [],
    rows: [],
    channel: ['dot-dot-register', 'dot-apr-propose', 'dot-apr-execute'],
    readback:
      'C1_LEGO_PREWRITE_GATE_READY_FOR_OWNER_APPROVED_W1_W9, with every fact that was asked; also npx c1 prewrite',
    retire: 'nothing to retire: it only reads',
    blastRadius: 'none: read-only',
    stops: [
      'the handler is not deployed and bound: H1 to H6 come first',
      'a counter of seed 004 §1 is other than it was verified, what this program applied folded in',
      'schema, table, catalogue, handler or KG contracts are not as expected',
      'no write channel: a bin, its login, a signing key or a writable database is missing',
    ],
    checks: { gate: ['prewrite'] },
    attack: 'start writing on a runtime that drifted since the seeds were verified',
  };
}
