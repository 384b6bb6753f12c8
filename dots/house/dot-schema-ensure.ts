import type { Direction } from '../../domain/deltas.ts';
import { C1_COLLECTION, C1_OBJECTS, C1_TABLE } from '../../domain/objects.ts';
import { parsePayload, type SchemaObjectRow, schemaObjectRow } from '../../domain/payloads.ts';
import { objectImage, schemaEnsure } from '../../domain/plans/schema-ensure.ts';
import { AUDIT_COLUMNS, fieldImage, VOCABULARY_COLUMNS } from '../../domain/vocabulary.ts';
import { usage } from '../kernel/command.ts';
import { type GatewayCall, gatewayCall } from '../kernel/gateway.ts';
import { runBin } from '../kernel/main.ts';

runBin<SchemaObjectRow>({
  plan: schemaEnsure,
  summary: 'Makes a schema, or one named object in it; gives the vocabulary table its contract. --retire undoes it.',
  examples: [
    '--cloud --step W3 --for dryrun/schema --schema c1',
    '--cloud --step W3 --for dryrun/contract --schema c1 --object governance_canonical_operation_vocab',
  ],
  direction: 'both',
  hasDryRun: true,
  flags: (command) =>
    command
      .requiredOption('--schema <schema>', 'the schema')
      .option('--object <name>', 'an object in it, by its bare name'),
  payload: ({ schema, object }, stdin) => {
    if (stdin !== undefined) throw usage('a payload on standard input', 'none: the flags say everything');
    return payloadOf(schema, object);
  },
  calls: ({ direction, payload }) => [payload.kind === 'table' ? contract(direction) : object(direction, payload)],
});

/** Only names of domain/objects.ts are known; whatever else is asked for is refused by name. */
function payloadOf(schema: unknown, object: unknown): SchemaObjectRow {
  const asked = object === undefined ? String(schema) : `${String(schema)}.${String(object)}`;
  const found = C1_OBJECTS.find(({ name }) => name.replace(/\(.*\)$/, '') === asked);
  if (found === undefined) {
    const known = C1_OBJECTS.map(({ name }) => name).join(', ');
    throw usage(`object ${JSON.stringify(asked)}`, `one of ${known}`);
  }
  const payload = parsePayload(schemaObjectRow, { name: found.name, kind: found.kind }, 'object');
  objectImage(payload);
  return payload;
}

function contract(direction: Direction): GatewayCall {
  if (direction === 'retire') return gatewayCall('table_contract_revert', [C1_TABLE, C1_COLLECTION]);
  const fields = AUDIT_COLUMNS.map((column, index) => fieldImage(column, VOCABULARY_COLUMNS.length + index + 1));
  return gatewayCall('table_contract_update', [C1_TABLE, JSON.stringify(fields)]);
}

function object(direction: Direction, { name }: SchemaObjectRow): GatewayCall {
  return gatewayCall(direction === 'apply' ? 'schema_object_insert' : 'schema_object_retire', [name]);
}
