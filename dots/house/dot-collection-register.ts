import { collectionRegistryRow } from '../../domain/payloads.ts';
import { collectionRegister } from '../../domain/plans/collection-register.ts';
import { runBin } from '../kernel/main.ts';
import { rowPayload } from '../kernel/row-payload.ts';

runBin({
  plan: collectionRegister,
  summary: 'Registers a collection in collection_registry; --retire archives the row.',
  examples: [
    '--cloud --step W3 --for dryrun/collection-registry --collection governance_canonical_operation_vocab --migration_state pilot < row.json',
  ],
  direction: 'both',
  hasDryRun: true,
  flags: (command) =>
    command
      .requiredOption('--collection <name>', 'name of the collection')
      .requiredOption('--migration_state <state>', 'pilot or migrated'),
  payload: ({ collection, migration_state }, stdin) =>
    rowPayload(collectionRegistryRow, 'collection_registry', { collection, migration_state }, stdin),
});
