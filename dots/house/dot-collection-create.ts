import { C1_TABLE } from '../../domain/objects.ts';
import type { CollectionRow } from '../../domain/payloads.ts';
import { collectionRow } from '../../domain/payloads.ts';
import { collectionCreate, collectionImage } from '../../domain/plans/collection-create.ts';
import { fieldImage, VOCABULARY_COLUMNS } from '../../domain/vocabulary.ts';
import { type GatewayCall, gatewayCall } from '../kernel/gateway.ts';
import { runBin } from '../kernel/main.ts';
import { rowPayload } from '../kernel/row-payload.ts';

runBin<CollectionRow>({
  plan: collectionCreate,
  summary: 'Creates a table, its Directus collection and its fields; refuses where the table exists. Has no dry run.',
  examples: [
    '--cloud --step W3 --for dryrun/collection --collection-name governance_canonical_operation_vocab --schema c1 --group REGISTRY --governance-role governed --species-code gov-canonical-op-vocab',
  ],
  direction: 'both',
  hasDryRun: false,
  flags: (command) =>
    command
      .requiredOption('--collection-name <name>', 'name of the collection and of its table')
      .requiredOption('--schema <schema>', 'schema of the table')
      .requiredOption('--group <collection>', 'Directus folder')
      .requiredOption('--governance-role <role>', 'role in the registry')
      .requiredOption('--species-code <code>', 'species of the rows'),
  payload: (flags, stdin) =>
    rowPayload(
      collectionRow,
      'collection',
      {
        collection: flags.collectionName,
        schema: flags.schema,
        group: flags.group,
        governance_role: flags.governanceRole,
        species_code: flags.speciesCode,
      },
      stdin,
    ),
  calls: ({ direction, payload }) => [direction === 'apply' ? create(payload) : drop(payload)],
});

function create(payload: CollectionRow): GatewayCall {
  const fields = VOCABULARY_COLUMNS.map((column, index) => fieldImage(column, index + 1));
  return gatewayCall('collection_insert', [
    C1_TABLE,
    JSON.stringify(VOCABULARY_COLUMNS),
    JSON.stringify(collectionImage(payload)),
    JSON.stringify(fields),
  ]);
}

function drop({ collection }: CollectionRow): GatewayCall {
  return gatewayCall('collection_retire', [C1_TABLE, collection]);
}
