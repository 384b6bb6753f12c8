import { C1Error } from '../../domain/codes.ts';
import { assertIntegrity, type RuntimeState } from '../../domain/runtime-state.ts';
import { SURFACE_NAMES } from '../../domain/surfaces.ts';

/** What a check answers: how much it checked, so that "nothing checked" never reads as passed, and what it found. */
export interface CheckResult {
  readonly checked: number;
  readonly ledgerHead: string | null;
  readonly counters: Readonly<Record<string, number>>;
}

/** Before a step's first write: the runtime is whole and a baseline is open. */
export function checkOpen(state: RuntimeState, step: string): CheckResult {
  if (step !== 'BASELINE') assertBaselineOpen(state);
  return result(state, assertIntegrity(state));
}

/** After a step's last write: exactly the planned rows are there, and every other surface is as it was. */
export function checkGate(state: RuntimeState, step: string, expected: Readonly<Record<string, number>>): CheckResult {
  assertBaselineOpen(state);
  const checked = assertIntegrity(state);
  for (const surface of SURFACE_NAMES)
    assertCount(step, surface, state.stepDeltas[step]?.[surface] ?? 0, expected[surface] ?? 0);
  if (step === 'W4') assertCatalogue(state);
  return result(state, checked + SURFACE_NAMES.length);
}

/** Before a step's first row is retired: nothing drifted, and nothing would be lost. */
export function checkRetire(state: RuntimeState): CheckResult {
  const checked = assertIntegrity(state);
  if (state.vocabularyRows !== 0) {
    throw new C1Error('REJECT_ROLLBACK_DELETE', {
      seen: `${state.vocabularyRows ?? 'an unknown number of'} rows in the vocabulary table`,
      expected: 'an empty table',
    });
  }
  return result(state, checked + 1);
}

/** After a step's last row was retired: none of its rows is live any more. */
export function checkRetired(state: RuntimeState, step: string): CheckResult {
  const checked = assertIntegrity(state);
  if (state.steps.includes(step)) {
    throw new C1Error('HOLD_COUNTER_DRIFT', {
      seen: `live rows of ${step}`,
      expected: 'none after its retire',
      next: "npx pulumi up, which takes rows over that are not in Pulumi's state, then npx pulumi destroy",
    });
  }
  for (const [surface, net] of Object.entries(state.stepDeltas[step] ?? {})) {
    if (surface !== 'dot_ledger') assertCount(step, surface, net, 0);
  }
  return result(state, checked + SURFACE_NAMES.length);
}

/** @throws C1Error HOLD_BASELINE_MISSING */
export function assertBaselineOpen({ baseline }: RuntimeState): void {
  if (baseline?.status === 'open') return;
  throw new C1Error('HOLD_BASELINE_MISSING', { seen: baseline?.status ?? 'no baseline', expected: 'an open baseline' });
}

/** The catalogue of DOTs was counted after the last tool row. */
function assertCatalogue({ catalogueCount, counters }: RuntimeState): void {
  const live = counters.dot_tools?.live;
  if (live !== undefined && catalogueCount === live) return;
  throw new C1Error('HOLD_COUNTER_DRIFT', {
    seen: `${catalogueCount ?? 'no count'} in CAT-006`,
    expected: `the ${live ?? 'unknown number of'} tools that are live`,
    next: 'dot-catalog-sync, and npx c1 runtime snapshot',
  });
}

function assertCount(step: string, surface: string, seen: number, expected: number): void {
  if (seen === expected) return;
  throw new C1Error('HOLD_COUNTER_DRIFT', {
    seen: `${step} with ${seen} rows on ${surface}`,
    expected: `${expected}, as planned`,
  });
}

function result(state: RuntimeState, checked: number): CheckResult {
  const counters = Object.fromEntries(Object.entries(state.counters).map(([surface, { live }]) => [surface, live]));
  return { checked, ledgerHead: state.ledger.head, counters };
}
