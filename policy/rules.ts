import type { PlannedDeltas } from '../domain/planned-deltas.ts';
import type { Rule } from './rule.ts';
import { allowedCommands } from './rules/allowed-commands.ts';
import { c1NamesOnly } from './rules/c1-names-only.ts';
import { contractsWithoutMutation } from './rules/contracts-without-mutation.ts';
import { deleteBeforeReplace } from './rules/delete-before-replace.ts';
import { gatesExpectThePlan } from './rules/gates-expect-the-plan.ts';
import { knownResources } from './rules/known-resources.ts';
import { noAbsolutePath } from './rules/no-absolute-path.ts';
import { noGuardSwitch } from './rules/no-guard-switch.ts';
import { noSecretInput } from './rules/no-secret-input.ts';
import { noTriggers } from './rules/no-triggers.ts';
import { plannedRowCounts } from './rules/planned-row-counts.ts';
import { silentCommands } from './rules/silent-commands.ts';
import { singleUseGrant } from './rules/single-use-grant.ts';
import { wholeLifecycle } from './rules/whole-lifecycle.ts';

/** Every rule of review.md, "Policy pack". */
export const rulesFor = (planned: PlannedDeltas): readonly Rule[] => [
  knownResources,
  allowedCommands,
  noGuardSwitch,
  wholeLifecycle,
  noSecretInput,
  c1NamesOnly,
  contractsWithoutMutation,
  singleUseGrant,
  gatesExpectThePlan(planned),
  plannedRowCounts(planned),
  noTriggers,
  deleteBeforeReplace,
  silentCommands,
  noAbsolutePath,
];
