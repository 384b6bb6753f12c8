import { sha256Hex } from './canonical.ts';

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

/** Checks 1–7 of the preflight (readiness.md); the DOT adds the executor as the eighth. */
const PREFLIGHT_SOURCE = `create view c1.v_c1_dryrun_preflight as
select 1 as number, 'surface' as name,
  (select count(*) = 0 from c1.governance_canonical_operation_vocab)
  and (select o.detail -> 'primary_key' = '["operation_code", "protocol_version"]'::jsonb
         and o.detail -> 'guards' ? 'b_write_once'
       from iu_core.v_schema_object o where o.name = 'c1.governance_canonical_operation_vocab') as ok,
  'c1.governance_canonical_operation_vocab with composite primary key, write-once guard, 0 rows' as expected
union all
select 2, 'table_registry', exists (select from public.table_registry t where t.schema = 'c1'
  and t.table_name = 'governance_canonical_operation_vocab' and t.status = 'active'), 'an active table_registry row'
union all
select 3, 'tools', (select count(*) = 8 from public.dot_tools t
    join public.birth_registry b on b.dot_code = t.code and b.status = 'born'
    join public.admission_record a on a.dot_code = t.code and a.status = 'admitted'
    join iu_core.v_ledger_live l on l.subject = 'admission/' || t.code and l.direction = 'apply'
   where t.code like 'DOT\\_C1\\_%' and t.status = 'active')
  and (select m.record_count = (select count(*) from public.dot_tools t where t.status <> 'retired')
       from public.meta_catalog m where m.code = 'CAT-006'), '8 DOT_C1 rows born, admitted, registered, catalogued, ledgered'
union all
select 4, 'contracts', (select count(*) = 2 from public.dot_agent_api_contract c where
    (c.dot_code = 'DOT_C1_VOCAB_BUILD' and c.contract_status = 'endpoint_bound')
    or (c.dot_code = 'DOT_C1_VOCAB_VERIFY' and c.contract_status = 'contract_ready')),
  'producer endpoint_bound, verifier contract_ready'
union all
select 5, 'grant', (select count(*) = 1 from public.governance_build_authorization g where g.carrier = 'C1'
    and g.status = 'active' and g.single_use and g.expires_at > now()
    and g.manifest_hash = encode(sha256(c1.manifest_bytes()), 'hex')), 'one live C1 grant bound to the manifest as it is now'
union all
select 6, 'ownership', exists (select from public.governance_object_ownership o
  where o.object = 'c1.governance_canonical_operation_vocab' and o.authority = 'DOT-bound' and o.status = 'active'),
  'an active ownership row'
union all
select 7, 'gates', (select g.dry_run_only and not g.execute_enabled and not g.real_run_enabled
  from public.dot_runtime_gate g where g.gate = 'global'), 'dry_run_only=true, execute_enabled=false, real_run_enabled=false'`;

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
