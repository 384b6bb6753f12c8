import { C1Error } from '../codes.ts';
import type { RowRef } from '../deltas.ts';
import type { ContractRow } from '../payloads.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import type { DotPlan } from './plan.ts';
import { rowPlan } from './row-plan.ts';

const row = rowPlan<ContractRow>({
  dot: 'DOT_C1_CONTRACT_REGISTER',
  surface: 'dot_agent_api_contract',
  key: ({ dot_code }) => dot_code,
  image: (payload) => payload,
  collision: 'HOLD_SURFACE_EXISTS',
  updatable: false,
});

/** W5: the contract of one of the pair; its DOT and the DOT that writes it must be live tools. Retiring sets `contract_status` to retired. */
export const contractRegister: DotPlan<ContractRow> = {
  ...row,
  scope: (payload) => [...row.scope(payload), ...toolRefs(payload)],
  apply: (snapshot, payload, claimant) => {
    assertRegistered(snapshot, payload);
    return row.apply(snapshot, payload, claimant);
  },
};

function toolRefs({ dot_code }: ContractRow): readonly RowRef[] {
  return [dot_code, row.dot].map((key) => ({ surface: 'dot_tools', key }));
}

function assertRegistered(snapshot: Snapshot, payload: ContractRow): void {
  const missing = toolRefs(payload).find((ref) => rowOf(snapshot, ref)?.live !== true);
  if (missing === undefined) return;
  throw new C1Error('HOLD_ADMISSION_MISSING_OR_INVALID', {
    seen: `${missing.key} without a tool row`,
    expected: 'a DOT that was born and registered before a contract',
    next: 'npx pulumi up, which applies W4 first',
  });
}
