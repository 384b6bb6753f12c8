import { VOTER_LOGINS } from '../roles.ts';
import { dayAt, type SeedRow } from './row.ts';

/** The operations that C1 makes a vocabulary of: what its resolver selects. */
const CANONICAL = [
  'admission_record',
  'birth_record',
  'catalog_sync',
  'collection_create',
  'collection_register',
  'contract_bind',
  'entity_retire',
  'evidence_write',
  'ledger_append',
  'ownership_assign',
  'schema_ensure',
  'species_register',
  'table_register',
  'tool_register',
] as const;

/** Of the same act type, and no longer in use: the resolver must leave them out. */
const RETIRED_CANONICAL = ['collection_drop', 'schema_rewrite', 'tool_import'] as const;

const OTHERS: readonly (readonly [string, string, string, string])[] = [
  ['authorize_build_step', 'governance_action', 'active', 'unimplemented'],
  ['patch_ops_code', 'governance_action', 'active', 'dot-apr-execute:patch_ops'],
  ['rotate_secret', 'governance_action', 'active', 'dot-apr-execute:rotate_secret'],
  ['publish_content', 'content_action', 'active', 'flow:publish'],
  ['archive_content', 'content_action', 'active', 'flow:archive'],
  ['bulk_import', 'content_action', 'inactive', 'flow:import'],
];

export function actionTypeRows(): readonly SeedRow[] {
  return [
    ...CANONICAL.map((code) => canonicalRow(code, 'active')),
    ...RETIRED_CANONICAL.map((code) => canonicalRow(code, 'inactive')),
    ...OTHERS.map(([action_code, act_type, status, handler_ref]) => ({
      ...{ action_code, act_type, protocol_version: '1', status, handler_ref },
    })),
  ];
}

function canonicalRow(action_code: string, status: string): SeedRow {
  const handler_ref = `canonical:${action_code}`;
  return { action_code, act_type: 'canonical_operation', protocol_version: '1', status, handler_ref };
}

/** Requests of the time before this product, all applied. Their votes were cast in the Directus app, without signatures. */
const LEGACY: readonly (readonly [string, string, string])[] = [
  ['APR-2025-0007', 'patch_ops_code', 'Install dot-apr-execute 2.1.0'],
  ['APR-2025-0012', 'patch_ops_code', 'Install dot-apr-execute 2.2.0'],
  ['APR-2025-0019', 'rotate_secret', 'Rotate the token of the executor'],
];

export function requestRows(): readonly SeedRow[] {
  return LEGACY.map(([apr_code, action_code, summary], at) => ({
    ...{ apr_code, request_type: 'governance', action_code, proposed_action: { summary }, proposer: 'operator_1' },
    proposer_signature: 'legacy:directus-app',
    ...{ risk_class: 'high', status: 'applied', created_at: dayAt(150 + at * 20), applied_at: dayAt(152 + at * 20) },
  }));
}

export function approvalRows(): readonly SeedRow[] {
  return LEGACY.flatMap(([apr_code], at) =>
    VOTER_LOGINS.map((voter) => ({
      ...{ apr_code, voter, decision: 'approve', signature: 'legacy:directus-app', at: dayAt(151 + at * 20) },
    })),
  );
}

export function runtimeGateRows(): readonly SeedRow[] {
  const gates = { dry_run_only: true, execute_enabled: false, real_run_enabled: false };
  return [{ gate: 'global', ...gates, updated_at: dayAt(0) }];
}
