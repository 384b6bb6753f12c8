import { C1Error } from '../codes.ts';
import type { Direction, RowRef } from '../deltas.ts';
import { admissionEntry, admissionSubject } from '../ledger.ts';
import type { LedgerRow } from '../payloads.ts';
import { liveClaimOf, rowOf, type Snapshot } from '../snapshot.ts';
import { assertBorn, birthRef } from './admission-record.ts';
import {
  assertNoDrift,
  assertNothingStandsOn,
  assertSameStack,
  type Claimant,
  claims,
  type DotPlan,
  type Plan,
} from './plan.ts';

/**
 * W2: the admission entry of one DOT in the handbook. The entry is the run's own ledger entry; retiring appends the entry
 * that supersedes it, because history only grows.
 */
export const ledgerAppend: DotPlan<LedgerRow> = {
  dot: 'DOT_LEDGER_APPEND',
  subject,
  scope: (payload) => [
    subject(payload),
    birthRef(payload.dot_code),
    admissionRef(payload.dot_code),
    ...standingOn(payload),
  ],
  apply: planApply,
  retire: planRetire,
};

function planApply(snapshot: Snapshot, payload: LedgerRow, claimant: Claimant): Plan {
  const ref = subject(payload);
  const claim = liveClaimOf(snapshot, ref);
  if (claim !== null) {
    assertSameStack(claim.stack, { ref, claimant });
    assertNoDrift(snapshot, ref);
    if (claim.resource !== claimant.resource) return { kind: 'takeClaim', refs: [ref] };
    return { kind: 'noop', code: 'NOOP_ALREADY_THERE' };
  }
  if (rowOf(snapshot, ref)?.live === true) {
    throw new C1Error('HOLD_SURFACE_EXISTS', {
      seen: `a live ledger entry ${ref.key} that no resource of ours claims`,
      expected: 'no such entry',
    });
  }
  return { kind: 'change', deltas: [entry(snapshot, payload, 'apply')] };
}

function planRetire(snapshot: Snapshot, payload: LedgerRow, claimant: Claimant): Plan {
  const ref = subject(payload);
  if (!claims(snapshot, ref, claimant)) return { kind: 'noop', code: 'NOOP_NOT_OURS' };
  assertNoDrift(snapshot, ref);
  assertNothingStandsOn(snapshot, ref, standingOn(payload));
  return { kind: 'change', deltas: [entry(snapshot, payload, 'retire')] };
}

/** No tool and no contract without its admission in the handbook. */
function standingOn({ dot_code }: LedgerRow): readonly RowRef[] {
  return [
    { surface: 'dot_tools', key: dot_code },
    { surface: 'dot_agent_api_contract', key: dot_code },
  ];
}

function entry(snapshot: Snapshot, { dot_code }: LedgerRow, direction: Direction) {
  assertBorn(snapshot, dot_code);
  const birth = rowOf(snapshot, birthRef(dot_code));
  const admission = rowOf(snapshot, admissionRef(dot_code));
  if (birth === null || admission === null || !admission.live) {
    throw new C1Error('HOLD_ADMISSION_MISSING_OR_INVALID', {
      seen: `${dot_code} without admission`,
      expected: 'a DOT that was admitted before it is entered',
      next: `dot-admission-record --only ${dot_code}`,
    });
  }
  return admissionEntry(dot_code, direction, birth.image, admission.image);
}

function subject({ dot_code }: LedgerRow): RowRef {
  return { surface: 'dot_ledger', key: admissionSubject(dot_code) };
}

function admissionRef(dotCode: string): RowRef {
  return { surface: 'admission_record', key: dotCode };
}
