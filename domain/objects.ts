import { sha256Hex } from './canonical.ts';
import { PREFLIGHT_SOURCE } from './readiness/view.ts';

/**
 * The schema objects that C1 brings, with the statement that makes each. A DOT names one of them; no statement text ever
 * travels with a request. The installer copies this into `iu_core.object_definition`.
 */
export interface ObjectDefinition {
  readonly name: string;
  readonly kind: 'schema' | 'table' | 'function' | 'view';
  /** The statement; empty for the table, whose columns come with the collection. */
  readonly source: string;
}

export const C1_SCHEMA = 'c1';
export const C1_COLLECTION = 'governance_canonical_operation_vocab';
export const C1_TABLE = `${C1_SCHEMA}.${C1_COLLECTION}`;
export const C1_MANIFEST_FUNCTION = 'c1.manifest_bytes()';
export const C1_PREFLIGHT_VIEW = 'c1.v_c1_dryrun_preflight';

/** Manifest cser-v1 as PostgreSQL canonicalises it itself (executor.md). */
const MANIFEST_SOURCE = `create function c1.manifest_bytes() returns bytea
language sql stable set search_path = pg_catalog, pg_temp
return convert_to('{"act_type":"canonical_operation","carrier":"C1","lane":"dry_run","operations":['
  || (select coalesce(string_agg('{"operation_code":' || to_json(a.action_code)::text || ',"protocol_version":'
        || to_json(a.protocol_version)::text || ',"status":' || to_json(a.status)::text || '}', ','
        order by a.action_code collate "C"), '')
      from public.apr_action_types a where a.act_type = 'canonical_operation' and a.status = 'active')
  || '],"output_namespace":"DRYRUN-NS:dot:c1:vocab","plan":"LEGO1-C1-PLAN","protocol_version":"1"}', 'UTF8')`;

export const C1_OBJECTS: readonly ObjectDefinition[] = [
  { name: C1_SCHEMA, kind: 'schema', source: `create schema ${C1_SCHEMA}` },
  { name: C1_TABLE, kind: 'table', source: '' },
  { name: C1_MANIFEST_FUNCTION, kind: 'function', source: MANIFEST_SOURCE },
  { name: C1_PREFLIGHT_VIEW, kind: 'view', source: PREFLIGHT_SOURCE },
];

/** SHA-256 of the statement: what the row image of a function or view shows as `source_sha256`. */
export function sourceSha256(definition: ObjectDefinition): string {
  return sha256Hex(definition.source);
}
