import { CATALOGUE_SAYS, STARTING_ROWS } from './counts.ts';
import { dayAt, numberedCode, type SeedRow } from './row.ts';

const SPECIES: readonly (readonly [string, string, string])[] = [
  ['agent-profile', 'Agent profile', 'agent_team'],
  ['approval-record', 'Approval record', 'governance_board'],
  ['commerce-record', 'Commerce record', 'commerce_team'],
  ['content-item', 'Content item', 'content_team'],
  ['dot-tool', 'DOT tool', 'governance_board'],
  ['folder', 'Folder of collections', 'platform_team'],
  ['knowledge-node', 'Knowledge node', 'knowledge_team'],
  ['media-asset', 'Media asset', 'content_team'],
  ['ops-log', 'Operations log', 'platform_team'],
  ['registry-record', 'Registry record', 'governance_board'],
  ['search-index', 'Search index', 'knowledge_team'],
  ['workflow-definition', 'Workflow definition', 'platform_team'],
];

/** Rows of `species`; none of them is the one that C1 brings. */
export function speciesRows(): readonly SeedRow[] {
  return SPECIES.map(([code, name, owner], at) => ({
    code,
    name,
    owner,
    description: `${name}: what every collection of this kind holds.`,
    status: 'active',
    created_at: dayAt(at),
  }));
}

/** The governed tables, in the order in which they came. */
export const GOVERNED_TABLES = [
  'dot_tools',
  'dot_agent_api_contract',
  'directus_collections',
  'directus_fields',
  'collection_registry',
  'table_registry',
  'meta_catalog',
  'species',
  'birth_registry',
  'admission_record',
  'dot_ledger',
  'apr_action_types',
  'apr_requests',
  'apr_approvals',
  'governance_build_authorization',
  'governance_object_ownership',
  'vps_deploy_log',
  'dot_runtime_gate',
  'kb_document',
] as const;

const CORE_TABLES = ['dot_run', 'baseline'] as const;

export function tableRegistryRows(): readonly SeedRow[] {
  const named = [
    ...GOVERNED_TABLES.map((name) => ({ schema: 'public', table_name: name })),
    ...CORE_TABLES.map((name) => ({ schema: 'iu_core', table_name: name })),
  ];
  return named.map((table, at) => ({ ...table, status: 'active', created_at: dayAt(at) }));
}

/** Catalogues that count a governed table say what it holds, but for CAT-006. */
const CATALOGUES: readonly (readonly [string, number])[] = [
  ['Collections', STARTING_ROWS.directus_collections],
  ['Fields', STARTING_ROWS.directus_fields],
  ['Collection registry', STARTING_ROWS.collection_registry],
  ['Table registry', STARTING_ROWS.table_registry],
  ['Species', STARTING_ROWS.species],
  ['DOT catalogue', CATALOGUE_SAYS],
  ['Births', STARTING_ROWS.birth_registry],
  ['Admissions', STARTING_ROWS.admission_record],
  ['DOT ledger', STARTING_ROWS.dot_ledger],
  ['Agent API contracts', STARTING_ROWS.dot_agent_api_contract],
  ['Action types', STARTING_ROWS.apr_action_types],
  ['Approval requests', STARTING_ROWS.apr_requests],
  ['Deploy log', STARTING_ROWS.vps_deploy_log],
  ['Knowledge documents', STARTING_ROWS.kb_document],
  ['Articles', 1184],
  ['Pages', 312],
  ['Media files', 5406],
  ['Workflows', 58],
  ['Agents', 17],
  ['Knowledge nodes', 20931],
  ['Customers', 846],
  ['Invoices', 3310],
  ['Search documents', 24877],
  ['Directus flows', 100],
];

export function metaCatalogRows(): readonly SeedRow[] {
  return CATALOGUES.map(([name, count], at) => ({
    code: numberedCode('CAT', at + 1),
    name,
    record_count: count,
    status: 'active',
    updated_at: dayAt(200 + at),
  }));
}
