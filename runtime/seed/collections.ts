import { GOVERNED_TABLES } from './registry.ts';
import { dayAt, numberedCode, type SeedRow } from './row.ts';

interface SeedCollection {
  readonly collection: string;
  readonly group: string | null;
  readonly role: 'container' | 'governed' | 'operational';
  readonly species: string;
}

const FOLDERS = ['REGISTRY', 'CONTENT', 'KNOWLEDGE', 'AGENT', 'WORKFLOW', 'COMMERCE', 'SEARCH', 'OPS'] as const;

/** Directus does not list its own tables as collections, and the grants are a raw table (seed 002 §8). */
const RAW: ReadonlySet<string> = new Set(['directus_collections', 'directus_fields', 'governance_build_authorization']);

const TOPICS: readonly (readonly [string, (typeof FOLDERS)[number], string])[] = [
  ['article', 'CONTENT', 'content-item'],
  ['page', 'CONTENT', 'content-item'],
  ['course', 'CONTENT', 'content-item'],
  ['media', 'CONTENT', 'media-asset'],
  ['translation', 'CONTENT', 'content-item'],
  ['knowledge_node', 'KNOWLEDGE', 'knowledge-node'],
  ['knowledge_source', 'KNOWLEDGE', 'knowledge-node'],
  ['agent', 'AGENT', 'agent-profile'],
  ['conversation', 'AGENT', 'agent-profile'],
  ['workflow', 'WORKFLOW', 'workflow-definition'],
  ['customer', 'COMMERCE', 'commerce-record'],
  ['invoice', 'COMMERCE', 'commerce-record'],
  ['search_document', 'SEARCH', 'search-index'],
  ['host', 'OPS', 'ops-log'],
];

const PARTS = [
  'items',
  'versions',
  'comments',
  'tags',
  'attachments',
  'reviews',
  'metrics',
  'events',
  'settings',
  'links',
] as const;

const FIELDS = ['id', 'status', 'date_created', 'date_updated'] as const;

const COLLECTIONS: readonly SeedCollection[] = [
  ...FOLDERS.map((name) => ({ collection: name, group: null, role: 'container' as const, species: 'folder' })),
  ...GOVERNED_TABLES.filter((name) => !RAW.has(name)).map((name) => ({
    ...{ collection: name, group: 'REGISTRY', role: 'governed' as const, species: 'registry-record' },
  })),
  ...TOPICS.flatMap(([topic, group, species]) =>
    PARTS.map((part) => ({ collection: `${topic}_${part}`, group, role: 'operational' as const, species })),
  ),
];

export function directusCollectionRows(): readonly SeedRow[] {
  return COLLECTIONS.map(({ collection, group, role }, at) => ({
    collection,
    group,
    sort: at + 1,
    icon: role === 'container' ? 'folder' : 'table_rows',
    hidden: false,
    singleton: false,
    archive_app_filter: true,
    accountability: 'all',
    collapse: 'open',
    versioning: false,
  }));
}

export function directusFieldRows(): readonly SeedRow[] {
  return COLLECTIONS.filter(({ role }) => role !== 'container').flatMap(({ collection }) =>
    FIELDS.map((field, at) => ({
      ...{ collection, field, sort: at + 1, width: 'half', required: field === 'status' },
      ...{
        readonly: field !== 'status',
        hidden: field === 'id',
        interface: field.startsWith('date') ? 'datetime' : 'input',
      },
    })),
  );
}

export function collectionRegistryRows(): readonly SeedRow[] {
  return COLLECTIONS.map(({ collection, role, species }, at) => ({
    code: numberedCode('COL', at + 1),
    collection,
    governance_role: role,
    species_code: species,
    migration_state: 'migrated',
    status: 'active',
    created_at: dayAt(at),
  }));
}
