import { ownershipRow } from '../../domain/payloads.ts';
import { ownershipAssign } from '../../domain/plans/ownership-assign.ts';
import { runBin } from '../kernel/main.ts';
import { rowPayload } from '../kernel/row-payload.ts';

runBin({
  plan: ownershipAssign,
  summary: 'Assigns the owner of a governed object; --retire takes the ownership back.',
  examples: [
    '--cloud --step W7 --for dryrun/ownership --object c1.governance_canonical_operation_vocab < payloads/governance_object_ownership.json',
  ],
  direction: 'both',
  hasDryRun: true,
  flags: (command) => command.requiredOption('--object <name>', 'schema and name of the object'),
  payload: ({ object }, stdin) => rowPayload(ownershipRow, 'ownership', { object }, stdin),
});
