import { actionTypeRows, approvalRows, requestRows, runtimeGateRows } from './authority.ts';
import { collectionRegistryRows, directusCollectionRows, directusFieldRows } from './collections.ts';
import { admissionRows, birthRows, ledgerRows } from './lifecycle.ts';
import { contractRows, deployLogRows, documentRows } from './records.ts';
import { metaCatalogRows, speciesRows, tableRegistryRows } from './registry.ts';
import type { SeedRow } from './row.ts';
import { toolRows } from './tools.ts';

export interface SeedTable {
  readonly table: string;
  readonly rows: readonly SeedRow[];
}

/** Every starting row but the ledger's, in an order in which foreign keys hold. */
export function seedTables(): readonly SeedTable[] {
  return [
    { table: 'dot_tools', rows: toolRows() },
    { table: 'dot_agent_api_contract', rows: contractRows() },
    { table: 'directus_collections', rows: directusCollectionRows() },
    { table: 'directus_fields', rows: directusFieldRows() },
    { table: 'collection_registry', rows: collectionRegistryRows() },
    { table: 'table_registry', rows: tableRegistryRows() },
    { table: 'meta_catalog', rows: metaCatalogRows() },
    { table: 'species', rows: speciesRows() },
    { table: 'birth_registry', rows: birthRows() },
    { table: 'admission_record', rows: admissionRows() },
    { table: 'apr_action_types', rows: actionTypeRows() },
    { table: 'apr_requests', rows: requestRows() },
    { table: 'apr_approvals', rows: approvalRows() },
    { table: 'vps_deploy_log', rows: deployLogRows() },
    { table: 'dot_runtime_gate', rows: runtimeGateRows() },
    { table: 'kb_document', rows: documentRows() },
  ];
}

/** The handbook's entries, which the database numbers and chains one after the other. */
export function seedLedger(): readonly SeedRow[] {
  return ledgerRows();
}
