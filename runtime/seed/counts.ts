import type { SurfaceName } from '../../domain/surfaces.ts';

type Table = Exclude<SurfaceName, 'baseline' | 'executor_image' | 'schema_object'>;

/**
 * How many rows each governed table starts with: the one place that says so (runtime.md, "Starting state"). The seeds
 * verified dot_tools, contracts, collections, table_registry, grants and ownership on the live host; the others are ours.
 */
export const STARTING_ROWS: Readonly<Record<Table, number>> = {
  admission_record: 46,
  apr_action_types: 23,
  apr_approvals: 6,
  apr_requests: 3,
  birth_registry: 46,
  collection_registry: 164,
  directus_collections: 164,
  directus_fields: 624,
  dot_agent_api_contract: 2,
  dot_ledger: 46,
  dot_runtime_gate: 1,
  dot_tools: 309,
  governance_build_authorization: 0,
  governance_object_ownership: 0,
  kb_document: 9,
  meta_catalog: 24,
  species: 12,
  table_registry: 21,
  vps_deploy_log: 6,
};

/** What CAT-006 says of `dot_tools`: a drift that W4 reconciles. */
export const CATALOGUE_SAYS = 163;

export const ACTIVE_CANONICAL_OPERATIONS = 14;

/** The disk/registry mismatch that makes the old registrar wrong. */
export const DISK = {
  /** On disk and registered under another prefix than the scan yields. */
  otherPrefix: 272,
  /** On disk and registered under the very path that the scan yields. */
  samePath: 21,
  /** On disk and not registered at all. */
  unregistered: 15,
  /** Registered, and no file on disk. */
  noFile: 16,
  /** What a dry run of the old registrar calls new. */
  oldMatcherSaysNew: 287,
} as const;
