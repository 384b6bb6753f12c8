import { tableRegistryRow } from '../../domain/payloads.ts';
import { tableRegistryEnsure } from '../../domain/plans/table-registry-ensure.ts';
import { runBin } from '../kernel/main.ts';
import { rowPayload } from '../kernel/row-payload.ts';

runBin({
  plan: tableRegistryEnsure,
  summary: 'Registers a table in table_registry; --retire archives the row.',
  examples: [
    '--cloud --step W3 --for dryrun/table-registry --schema c1 --table governance_canonical_operation_vocab < row.json',
  ],
  direction: 'both',
  hasDryRun: true,
  flags: (command) =>
    command
      .requiredOption('--schema <schema>', 'schema of the table')
      .requiredOption('--table <name>', 'name of the table'),
  payload: ({ schema, table }, stdin) =>
    rowPayload(tableRegistryRow, 'table_registry', { schema, table_name: table }, stdin),
});
