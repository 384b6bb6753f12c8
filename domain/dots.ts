import type { DeltaOp } from './deltas.ts';
import type { SurfaceName } from './surfaces.ts';

/** A governed operation: its code in `dot_tools`, its executable, the login that it uses, and what it may write. */
export interface Dot {
  readonly code: DotCode;
  readonly bin: string;
  readonly version: string;
  readonly login: string;
  /** Whether an applied run writes its ledger entry; every DOT but the baseline recorder does (steps.md). */
  readonly ledgers: boolean;
  /** Which operations it may do on which surface. The installer copies this into `iu_core.dot_surface`. */
  readonly writes: Partial<Readonly<Record<SurfaceName, readonly DeltaOp[]>>>;
}

export const HOUSE_DOT_CODES = [
  'DOT-015',
  'DOT-062',
  'DOT-310',
  'DOT-REGISTER',
  'DOT_ADMISSION_RECORD',
  'DOT_APR_PROPOSE',
  'DOT_BASELINE_RECORD',
  'DOT_BIRTH_BACKFILL',
  'DOT_COLLECTION_CREATE',
  'DOT_COLLECTION_REGISTER',
  'DOT_ENTITY_RETIRE',
  'DOT_KB_WRITE',
  'DOT_LEDGER_APPEND',
  'DOT_MIGRATION_APPLY',
  'DOT_OWNERSHIP_ASSIGN',
  'DOT_SCHEMA_ENSURE',
  'DOT_SCHEMA_META_CATALOG_ENSURE',
  'DOT_SCHEMA_TABLE_REGISTRY_ENSURE',
  'DOT_SPECIES_MAP',
  'DOT_SPECIES_REGISTER',
] as const;

/** The eight DOTs that C1 brings, in the order of steps.md. */
export const C1_DOT_CODES = [
  'DOT_C1_GRANT_ISSUE',
  'DOT_C1_CONTRACT_REGISTER',
  'DOT_C1_VOCAB_BUILD',
  'DOT_C1_VOCAB_VERIFY',
  'DOT_C1_PREFLIGHT',
  'DOT_C1_BAD_INPUT_HARNESS',
  'DOT_C1_EVIDENCE_READBACK',
  'DOT_C1_ROLLBACK_CHECK',
] as const;

/** The C1 DOTs that have a contract: the producer and its verifier. */
export const CONTRACTED_DOT_CODES = ['DOT_C1_VOCAB_BUILD', 'DOT_C1_VOCAB_VERIFY'] as const;

/** Legacy birth DOTs: in the registry as FROZEN/MONITORED, on disk, and never to be used again (seed 002, seed 004 §4). */
export const FROZEN_DOT_CODES = ['DOT-041', 'DOT-042', 'DOT-043'] as const;

/** No file and no tool: how an owner's vote is journalled. Each voter has a login of his own in the group `c1_voter`. */
export const VOTE_DOT_CODE = 'DOT_APR_VOTE';
export const VOTER_GROUP = 'c1_voter';

export type HouseDotCode = (typeof HOUSE_DOT_CODES)[number];
export type C1DotCode = (typeof C1_DOT_CODES)[number];
export type FrozenDotCode = (typeof FROZEN_DOT_CODES)[number];
export type DotCode = HouseDotCode | C1DotCode | FrozenDotCode | typeof VOTE_DOT_CODE;

const HOUSE: readonly Dot[] = [
  house('DOT-015', 'dot-catalog-sync', '1.4.0', { meta_catalog: ['update'] }),
  house('DOT-062', 'dot-rollback', '1.1.0', {}),
  house('DOT-310', 'dot-apr-execute', '2.2.0', {
    apr_requests: ['update', 'retire'],
    vps_deploy_log: ['insert'],
    // What its patch of H1 adds; without a bound handler the gateway refuses it.
    governance_build_authorization: ['insert', 'retire'],
  }),
  house('DOT-REGISTER', 'dot-dot-register', '1.0.0', { dot_tools: ['insert', 'reinstate', 'retire'] }),
  house('DOT_ADMISSION_RECORD', 'dot-admission-record', '1.0.0', { admission_record: ['insert', 'reinstate'] }),
  house('DOT_APR_PROPOSE', 'dot-apr-propose', '1.0.0', { apr_requests: ['insert', 'retire'] }),
  house('DOT_BASELINE_RECORD', 'dot-baseline-record', '1.0.0', { baseline: ['insert', 'retire', 'reinstate'] }, false),
  house('DOT_BIRTH_BACKFILL', 'dot-birth-backfill', '1.2.0', { birth_registry: ['insert', 'reinstate'] }),
  house('DOT_COLLECTION_CREATE', 'dot-collection-create', '1.3.0', {
    schema_object: ['insert', 'retire'],
    directus_collections: ['insert', 'retire'],
    directus_fields: ['insert', 'retire'],
  }),
  house('DOT_COLLECTION_REGISTER', 'dot-collection-register', '1.2.0', {
    collection_registry: ['insert', 'reinstate', 'retire'],
  }),
  house('DOT_ENTITY_RETIRE', 'dot-entity-retire', '1.1.0', {
    species: ['retire'],
    birth_registry: ['retire'],
    admission_record: ['retire'],
  }),
  house('DOT_KB_WRITE', 'dot-kb-write', '1.0.0', { kb_document: ['insert', 'retire'] }),
  house('DOT_LEDGER_APPEND', 'dot-ledger-append', '1.0.0', {}),
  house('DOT_MIGRATION_APPLY', 'dot-migration-apply', '1.0.0', { apr_action_types: ['update'] }),
  house('DOT_OWNERSHIP_ASSIGN', 'dot-ownership-assign', '1.0.0', {
    governance_object_ownership: ['insert', 'reinstate', 'retire'],
  }),
  house('DOT_SCHEMA_ENSURE', 'dot-schema-ensure', '2.0.0', {
    schema_object: ['insert', 'update', 'retire'],
    directus_fields: ['insert', 'retire'],
  }),
  house('DOT_SCHEMA_META_CATALOG_ENSURE', 'dot-schema-meta-catalog-ensure', '1.0.0', { meta_catalog: ['update'] }),
  house('DOT_SCHEMA_TABLE_REGISTRY_ENSURE', 'dot-schema-table-registry-ensure', '1.1.0', {
    table_registry: ['insert', 'reinstate', 'retire'],
  }),
  house('DOT_SPECIES_MAP', 'dot-species-map', '1.0.0', {}),
  house('DOT_SPECIES_REGISTER', 'dot-species-register', '1.1.0', { species: ['insert', 'update', 'reinstate'] }),
];

const C1_WRITES: Partial<Readonly<Record<C1DotCode, Dot['writes']>>> = {
  DOT_C1_CONTRACT_REGISTER: { dot_agent_api_contract: ['insert', 'reinstate', 'retire'], dot_ledger: ['insert'] },
  DOT_C1_GRANT_ISSUE: {
    apr_requests: ['insert', 'retire'],
    governance_build_authorization: ['retire'],
    dot_ledger: ['insert'],
  },
  DOT_C1_VOCAB_VERIFY: { governance_build_authorization: ['retire'], dot_ledger: ['insert'] },
};

export const DOTS: readonly Dot[] = [
  ...HOUSE,
  ...C1_DOT_CODES.map((code) => ({
    code,
    bin: code.toLowerCase().replaceAll('_', '-'),
    version: '1.0.0',
    login: loginOf(code),
    ledgers: true,
    writes: C1_WRITES[code] ?? {},
  })),
  {
    code: VOTE_DOT_CODE,
    bin: 'c1 apr',
    version: '1.0.0',
    login: VOTER_GROUP,
    ledgers: true,
    writes: { apr_approvals: ['insert'], apr_requests: ['retire'], dot_ledger: ['insert'] },
  },
];

/** @throws TypeError when `code` is no DOT of this runtime; callers pass literals, so this is a programming error. */
export function dotOf(code: DotCode): Dot {
  const found = DOTS.find((dot) => dot.code === code);
  if (found === undefined) throw new TypeError(`no DOT ${code}`);
  return found;
}

/** PostgreSQL login role of a DOT: its code in lower case with underscores, e.g. `dot_015`, `dot_c1_vocab_build`. */
export function loginOf(code: string): string {
  return code.toLowerCase().replaceAll('-', '_');
}

function house(code: HouseDotCode, bin: string, version: string, writes: Dot['writes'], ledgers = true): Dot {
  const ledger = ledgers ? { dot_ledger: ['insert'] as const } : {};
  return { code, bin, version, login: loginOf(code), ledgers, writes: { ...writes, ...ledger } };
}
