import { C1_COLLECTION, C1_MANIFEST_FUNCTION, C1_PREFLIGHT_VIEW, C1_SCHEMA, C1_TABLE } from '../objects.ts';
import type { CollectionRow } from '../payloads.ts';
import { collectionCreate, collectionImage } from '../plans/collection-create.ts';
import { collectionRegister } from '../plans/collection-register.ts';
import { objectImage, schemaEnsure } from '../plans/schema-ensure.ts';
import { tableRegistryEnsure } from '../plans/table-registry-ensure.ts';
import { VOCABULARY_COLUMNS } from '../vocabulary.ts';
import { type Step, type StepRow, stepRow } from './step.ts';

const COLLECTION: CollectionRow = {
  schema: C1_SCHEMA,
  collection: C1_COLLECTION,
  group: 'REGISTRY',
  governance_role: 'governed',
  species_code: 'gov-canonical-op-vocab',
};

/** W3: schema, table and collection, contract of the table, function, view, two registry rows, in this order (seed 000, W3). */
export function surfaceStep(): Step {
  const rows = [
    objectRow('schema', { name: C1_SCHEMA, kind: 'schema' }, ''),
    collectionRow(),
    objectRow('table-contract', { name: C1_TABLE, kind: 'table' }, ` --object ${C1_COLLECTION}`),
    objectRow('manifest-function', { name: C1_MANIFEST_FUNCTION, kind: 'function' }, ' --object manifest_bytes'),
    objectRow('preflight-view', { name: C1_PREFLIGHT_VIEW, kind: 'view' }, ' --object v_c1_dryrun_preflight'),
    collectionRegistryRow(),
    tableRegistryRow(),
  ];
  return {
    id: 'W3',
    title: 'Surface',
    goal: `Create ${C1_TABLE}, its Directus collection, its contract, and its registry rows.`,
    dotPaths: [
      'dot-schema-ensure',
      'dot-collection-create',
      'dot-collection-register',
      'dot-schema-table-registry-ensure',
    ],
    payloadFiles: [],
    rows: rows.map((row, index) => ({
      ...row,
      after: rows.slice(Math.max(0, index - 1), index).map(({ name }) => name),
    })),
    readback: 'collection present, registry rows active, composite key and write-once guard in place, 0 rows',
    retire: 'the same bins with --retire, in reverse order; the collection only while the table is empty',
    blastRadius: 'one additive schema with one table, function and view; one collection; two registry rows',
    stops: ['the schema or the table exists already', 'table_registry delta is not 1'],
    attack: 'preview by --dry-run on dot-collection-create, which has none',
  };
}

function objectRow(name: string, payload: { readonly name: string; readonly kind: string }, flag: string): StepRow {
  const command = `dot-schema-ensure --cloud --step W3 --schema ${C1_SCHEMA}${flag}`;
  return stepRow({
    type: 'c1:surface:SchemaObject',
    name,
    inputs: objectImage(payload),
    create: command,
    retire: `${command} --retire`,
    dotPlan: schemaEnsure,
    payload,
    standardInput: null,
  });
}

function collectionRow(): StepRow {
  const flags = `--collection-name ${C1_COLLECTION} --schema ${C1_SCHEMA} --group ${COLLECTION.group} --governance-role ${COLLECTION.governance_role} --species-code ${COLLECTION.species_code}`;
  const command = `dot-collection-create --cloud --step W3 ${flags}`;
  return stepRow({
    type: 'c1:surface:Collection',
    name: 'collection',
    inputs: { ...collectionImage(COLLECTION), table: C1_TABLE, fields: VOCABULARY_COLUMNS.map(({ name }) => name) },
    create: command,
    retire: `${command} --retire`,
    dotPlan: collectionCreate,
    payload: COLLECTION,
  });
}

function collectionRegistryRow(): StepRow {
  const command = `dot-collection-register --cloud --step W3 --collection ${C1_COLLECTION} --migration_state pilot`;
  const payload = {
    collection: C1_COLLECTION,
    governance_role: COLLECTION.governance_role,
    species_code: COLLECTION.species_code,
    migration_state: 'pilot' as const,
    status: 'active' as const,
  };
  return stepRow({
    type: 'c1:registry:CollectionRegistryRow',
    name: 'collection-registry',
    inputs: payload,
    create: command,
    retire: `${command} --retire`,
    dotPlan: collectionRegister,
    payload,
  });
}

function tableRegistryRow(): StepRow {
  const command = `dot-schema-table-registry-ensure --cloud --step W3 --schema ${C1_SCHEMA} --table ${C1_COLLECTION}`;
  const payload = { schema: C1_SCHEMA, table_name: C1_COLLECTION, status: 'active' as const };
  return stepRow({
    type: 'c1:registry:TableRegistryRow',
    name: 'table-registry',
    inputs: payload,
    create: command,
    retire: `${command} --retire`,
    dotPlan: tableRegistryEnsure,
    payload,
  });
}
