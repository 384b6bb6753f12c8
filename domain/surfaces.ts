/**
 * Every governed surface: where its rows are, what names a row, and which columns only the runtime can make.
 *
 * This is the one table that says which column is key, planned or assigned (review.md, "After up"). The installer
 * copies it into `iu_core.surface`, so that PostgreSQL takes the same row images that this program plans with.
 */
export interface Surface {
  readonly name: SurfaceName;
  /** What a reader selects from; a view where the governed rows are not simply a table's rows. */
  readonly relation: string;
  /** The table that the guards stand on; null for catalogue surfaces. */
  readonly table: string | null;
  readonly key: readonly string[];
  /** Columns that only the runtime can make; shown as `<generated>`, left out of row images and of equality. */
  readonly assigned: readonly string[];
  /** Column that says whether a row is live, with the values that mean it is not; null where every row is live. */
  readonly status: { readonly column: string; readonly dead: readonly string[] } | null;
  /**
   * History only ever grows; state changes and is counted by live rows. What is `outside` of the database is read from
   * where it is, has neither claim nor handbook entry, and is recorded by what deploys it.
   */
  readonly kind: 'state' | 'history' | 'catalog' | 'bookkeeping' | 'outside';
}

export const SURFACE_NAMES = [
  'admission_record',
  'apr_action_types',
  'apr_approvals',
  'apr_requests',
  'baseline',
  'birth_registry',
  'collection_registry',
  'directus_collections',
  'directus_fields',
  'dot_agent_api_contract',
  'dot_ledger',
  'dot_runtime_gate',
  'dot_tools',
  'executor_image',
  'governance_build_authorization',
  'governance_object_ownership',
  'kb_document',
  'meta_catalog',
  'schema_object',
  'species',
  'table_registry',
  'vps_deploy_log',
] as const;
export type SurfaceName = (typeof SURFACE_NAMES)[number];

const retired = { column: 'status', dead: ['retired'] } as const;
const archived = { column: 'status', dead: ['archived'] } as const;

export const SURFACES: Readonly<Record<SurfaceName, Surface>> = {
  admission_record: governed('admission_record', ['dot_code'], ['admitted_at'], retired),
  apr_action_types: governed('apr_action_types', ['action_code'], ['id'], null),
  apr_approvals: governed('apr_approvals', ['apr_code', 'voter'], ['at'], null, 'history'),
  // Who proposes is known when the request is signed, not when it is planned.
  apr_requests: governed(
    'apr_requests',
    ['apr_code'],
    ['proposer', 'proposer_signature', 'created_at', 'applied_at'],
    { column: 'status', dead: ['rolled_back', 'withdrawn', 'denied', 'expired', 'closed'] },
    'history',
  ),
  baseline: {
    name: 'baseline',
    relation: 'iu_core.v_baseline',
    table: 'iu_core.baseline',
    key: ['runtime'],
    assigned: ['seq', 'journal_position', 'counters', 'digests', 'recorded_at'],
    status: { column: 'status', dead: ['closed'] },
    kind: 'bookkeeping',
  },
  birth_registry: governed('birth_registry', ['dot_code'], ['born_at'], retired),
  collection_registry: governed('collection_registry', ['collection'], ['id', 'code', 'created_at'], archived),
  directus_collections: governed('directus_collections', ['collection'], [], null),
  directus_fields: governed('directus_fields', ['collection', 'field'], ['id'], null),
  dot_agent_api_contract: governed('dot_agent_api_contract', ['dot_code'], ['id', 'created_at'], {
    column: 'contract_status',
    dead: ['retired'],
  }),
  dot_ledger: {
    name: 'dot_ledger',
    relation: 'iu_core.v_ledger_live',
    table: 'public.dot_ledger',
    key: ['subject'],
    assigned: ['seq', 'request_id', 'supersedes', 'prev_hash', 'entry_hash', 'written_by', 'written_at'],
    status: { column: 'direction', dead: ['retire'] },
    kind: 'history',
  },
  dot_runtime_gate: governed('dot_runtime_gate', ['gate'], ['updated_at'], null),
  dot_tools: governed('dot_tools', ['code'], ['id', 'last_executed', 'created_at'], retired),
  executor_image: {
    name: 'executor_image',
    relation: '',
    table: null,
    key: ['service'],
    assigned: [],
    status: null,
    kind: 'outside',
  },
  governance_build_authorization: governed(
    'governance_build_authorization',
    ['auth_code'],
    ['granted_at', 'expires_at', 'consumed_at', 'revoked_at'],
    // Used, taken back or over: nothing can be built with it any more.
    { column: 'status', dead: ['revoked', 'consumed', 'expired'] },
  ),
  governance_object_ownership: governed('governance_object_ownership', ['object'], ['assigned_at'], retired),
  kb_document: {
    name: 'kb_document',
    relation: 'iu_core.v_kb_document',
    table: 'public.kb_document',
    key: ['doc_id', 'revision'],
    assigned: ['package_sha256', 'written_at'],
    // A revision that is not the newest any more is superseded; its own row stays as it was written.
    status: { column: 'status', dead: ['superseded', 'retired'] },
    kind: 'history',
  },
  meta_catalog: governed('meta_catalog', ['code'], ['id', 'updated_at'], retired),
  schema_object: {
    name: 'schema_object',
    relation: 'iu_core.v_schema_object',
    table: null,
    key: ['name'],
    assigned: [],
    status: null,
    kind: 'catalog',
  },
  species: governed('species', ['code'], ['created_at'], retired),
  table_registry: governed('table_registry', ['schema', 'table_name'], ['id', 'created_at'], archived),
  vps_deploy_log: governed('vps_deploy_log', ['file', 'request_ref', 'status'], ['id', 'deployed_at'], null, 'history'),
};

/** The surfaces that the database has. */
export const DATABASE_SURFACES: readonly Surface[] = Object.values(SURFACES).filter(({ kind }) => kind !== 'outside');

function governed(
  name: SurfaceName,
  key: readonly string[],
  assigned: readonly string[],
  status: Surface['status'],
  kind: Surface['kind'] = 'state',
): Surface {
  return { name, relation: `public.${name}`, table: `public.${name}`, key, assigned, status, kind };
}

export function isSurfaceName(name: string): name is SurfaceName {
  return (SURFACE_NAMES as readonly string[]).includes(name);
}
