import { C1Error } from '../codes.ts';
import type { RowRef } from '../deltas.ts';
import { C1_DOT_CODES, CONTRACTED_DOT_CODES, dotOf } from '../dots.ts';
import { admissionSubject } from '../ledger.ts';
import type { DotToolRow } from '../payloads.ts';
import { SCAN_FOLDER } from '../registrar.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import { assertNoDrift, assertNothingStandsOn, claims, type DotPlan } from './plan.ts';
import { rowPlan } from './row-plan.ts';

const row = rowPlan<DotToolRow>({
  dot: 'DOT-REGISTER',
  surface: 'dot_tools',
  key: ({ code }) => code,
  image: (payload) => payload,
  collision: 'C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED',
  updatable: false,
});

/** W4: the tool row of one DOT that was born, admitted and entered in the handbook. Retiring flips its status. */
export const dotRegister: DotPlan<DotToolRow> = {
  ...row,
  scope: (payload) => [...row.scope(payload), ...proofs(payload.code), ...contractsOf(payload.code)],
  apply: (snapshot, payload, claimant) => {
    assertC1(payload);
    assertLifecycle(snapshot, payload.code);
    return row.apply(snapshot, payload, claimant);
  },
  retire: (snapshot, payload, claimant) => {
    const ref = row.subject(payload);
    if (claims(snapshot, ref, claimant)) {
      assertNoDrift(snapshot, ref);
      assertNothingStandsOn(snapshot, ref, contractsOf(payload.code));
    }
    return row.retire(snapshot, payload, claimant);
  },
};

/** Contracts that need this tool: its own, and all of C1's for the DOT that retires them. */
function contractsOf(code: string): readonly RowRef[] {
  const needed = code === 'DOT_C1_CONTRACT_REGISTER' ? CONTRACTED_DOT_CODES : [code];
  return needed.map((key) => ({ surface: 'dot_agent_api_contract', key }));
}

/** Born and admitted or not, nothing but C1's own files becomes a tool here. */
function assertC1({ code, name, file_path }: DotToolRow): void {
  const known = C1_DOT_CODES.find((one) => one === code);
  const bin = known === undefined ? null : dotOf(known).bin;
  if (bin !== null && name === bin && file_path === `${SCAN_FOLDER}/${bin}`) return;
  throw new C1Error('C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED', {
    seen: `a tool row of ${code} as ${name} at ${file_path}`,
    expected: 'one of the eight C1 DOTs under its own name and file',
  });
}

function proofs(code: string): readonly RowRef[] {
  return [
    { surface: 'birth_registry', key: code },
    { surface: 'admission_record', key: code },
    { surface: 'dot_ledger', key: admissionSubject(code) },
  ];
}

/** The gateway's birth gate asks the same; asked here, the preview already says it. */
function assertLifecycle(snapshot: Snapshot, code: string): void {
  const missing = proofs(code).filter((ref) => rowOf(snapshot, ref)?.live !== true);
  if (missing.length === 0) return;
  throw new C1Error('HOLD_ADMISSION_MISSING_OR_INVALID', {
    seen: `${code} without ${missing.map(({ surface }) => surface).join(', ')}`,
    expected: 'a DOT that was born, admitted and entered in the ledger',
  });
}
