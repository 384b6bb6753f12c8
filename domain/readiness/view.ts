import { C1_DOT_CODES } from '../dots.ts';
import { EXECUTOR_ENDPOINT } from '../executor.ts';
import { MANIFEST_NAMESPACE } from '../manifest.ts';

/** The eight codes as rows, for a `values` list. */
const EIGHT = C1_DOT_CODES.map((code) => `('${code}')`).join(', ');

/**
 * What each of the eight lacks of its life, which record of C1's belongs to none of them, and what the catalogue counts: for a
 * `with`. The lifecycle proof asks the same.
 */
export const LIFE = `life as (
  select d.code, array_remove(array[
    case when not exists (select from public.birth_registry b where b.dot_code = d.code and b.status = 'born') then 'birth' end,
    case when not exists (select from public.admission_record a where a.dot_code = d.code and a.status = 'admitted') then 'admission' end,
    case when not exists (select from public.dot_tools t where t.code = d.code and t.status = 'active') then 'tool row' end,
    case when not exists (select from iu_core.v_ledger_live l where l.subject = 'admission/' || d.code
      and l.entry_kind = 'admission' and l.direction = 'apply') then 'admission entry' end,
    case when not exists (select from iu_core.v_ledger_live l where l.subject = 'dot_tools/' || d.code
      and l.entry_kind = 'registration' and l.direction = 'apply') then 'registration entry' end], null) as missing
  from (values ${EIGHT}) d(code)
), orphan as (
  select o.code from (
    select t.code from iu_core.v_c1_tool t
    union select b.dot_code from public.birth_registry b where b.dot_code like 'DOT\\_C1\\_%' and b.status <> 'retired'
    union select a.dot_code from public.admission_record a where a.dot_code like 'DOT\\_C1\\_%' and a.status <> 'retired'
    union select c.dot_code from public.dot_agent_api_contract c where c.dot_code like 'DOT\\_C1\\_%' and c.contract_status <> 'retired') o
   where o.code not in (select l.code from life l)
), catalogue as (
  select (select m.record_count from public.meta_catalog m where m.code = 'CAT-006') as counted,
    (select count(*) from public.dot_tools t where t.status <> 'retired') as live
)`;

/**
 * KG's rows as they were installed: the surface with every run undone is what it was, and no run touched one of them. A
 * claim on the surface as a whole would not do: C1's own rows stand there as well.
 */
const KG = `kg as (
  select count(*) filter (where c.contract_status = case c.role when 'producer' then 'endpoint_bound' else 'contract_ready' end) = 2
      and coalesce((select i.digests ->> 'dot_agent_api_contract' = iu_core.undone_digest('dot_agent_api_contract', 0)
        from iu_core.install i where i.digests is not null order by i.seq desc limit 1), false)
      and not exists (select from iu_core.dot_run r, jsonb_array_elements(r.observed) d where r.outcome = 'applied'
        and d ->> 'surface' = 'dot_agent_api_contract' and d ->> 'key' like 'DOT\\_KG\\_%') as unchanged
    from public.dot_agent_api_contract c where c.dot_code in ('DOT_KG_EXPLAIN', 'DOT_KG_EXPLAIN_VERIFY')
), bound as (
  select coalesce(bool_or(c.dot_code = 'DOT_C1_VOCAB_BUILD' and c.role = 'producer' and c.mode = 'DRY_RUN'
      and c.endpoint_ref = '${EXECUTOR_ENDPOINT}' and c.contract_status = 'endpoint_bound'), false) as producer,
    coalesce(bool_or(c.dot_code = 'DOT_C1_VOCAB_VERIFY' and c.role = 'verifier' and c.mode = 'VERIFY_ONLY'
      and c.endpoint_ref is null and c.contract_status = 'contract_ready'), false) as verifier
    from public.dot_agent_api_contract c
   where c.no_mutation_assertion and c.output_namespace = '${MANIFEST_NAMESPACE}' and c.error_behavior = 'fail_closed_no_mutation'
)`;

/** A grant that is live and bound is not enough: two live ones, or a live one beside it that is unbound, are no one grant. */
const GRANT = `grants as (
  select count(*) as live, count(*) filter (where g.expires_at > now() and g.granted_at <= now()) as good_now,
    count(*) filter (where g.manifest_hash = encode(sha256(c1.manifest_bytes()), 'hex')) as bound,
    count(*) filter (where g.single_use and g.consumed_at is null and g.revoked_at is null) as unused
    from public.governance_build_authorization g where g.carrier = 'C1' and g.status = 'active'
)`;

const SURFACE = `surface as (
  select (select count(*) from c1.governance_canonical_operation_vocab) as entries,
    coalesce(o.detail ->> 'primary_key', 'none') as key, coalesce(o.detail ->> 'guards', 'none') as guards,
    o.detail -> 'primary_key' = '["operation_code", "protocol_version"]' as has_key, o.detail -> 'guards' ? 'b_write_once' as has_guard
    from (select 1) one left join iu_core.v_schema_object o on o.name = 'c1.governance_canonical_operation_vocab' and o.kind = 'table'
)`;

/**
 * Checks 1–7 of the preflight (readiness.md), each with what is expected and what is seen; the DOT adds the executor as
 * the eighth. What cannot be said to hold does not hold.
 */
export const PREFLIGHT_SOURCE = `create view c1.v_c1_dryrun_preflight as
with ${SURFACE}, ${LIFE}, ${KG}, ${GRANT}
select c.number, c.name, coalesce(c.ok, false) as ok, c.expected, c.seen from (
select 1 as number, 'surface' as name, s.entries = 0 and s.has_key and s.has_guard as ok,
  'c1.governance_canonical_operation_vocab with composite primary key, write-once guard, 0 rows' as expected,
  format('primary key %s, guards %s, %s rows', s.key, s.guards, s.entries) as seen from surface s
union all
select 2, 'table_registry', count(*) = 1, 'one active table_registry row', format('%s active rows', count(*))
  from public.table_registry t where t.schema = 'c1' and t.table_name = 'governance_canonical_operation_vocab' and t.status = 'active'
union all
select 3, 'tools', (select bool_and(cardinality(l.missing) = 0) from life l) and not exists (select from orphan) and k.counted = k.live,
  '8 DOT_C1 rows born, admitted, registered, catalogued, ledgered, no orphan',
  format('%s of 8 whole%s; %s orphans%s; CAT-006 counts %s of %s tools', (select count(*) from life l where cardinality(l.missing) = 0),
    (select string_agg(format('; %s without %s', l.code, array_to_string(l.missing, ', ')), '' order by l.code)
       from (select * from life x where cardinality(x.missing) > 0 order by x.code limit 3) l),
    (select count(*) from orphan), (select ': ' || string_agg(o.code, ', ' order by o.code) from (select * from orphan x order by x.code limit 3) o),
    coalesce(k.counted::text, 'none'), k.live) from catalogue k
union all
select 4, 'contracts', b.producer and b.verifier and kg.unchanged, 'producer endpoint_bound, verifier contract_ready, KG rows unchanged',
  format('producer %s, verifier %s, KG rows %s', case when b.producer then 'bound' else 'not bound' end,
    case when b.verifier then 'ready' else 'not ready' end, case when kg.unchanged then 'unchanged' else 'changed' end) from bound b, kg
union all
select 5, 'grant', g.live = 1 and g.good_now = 1 and g.bound = 1 and g.unused = 1,
  'one live C1 grant, bound to the hash of the manifest as it is now, unexpired',
  format('%s live, %s in time, %s bound to the manifest as it is now, %s single-use and unused', g.live, g.good_now, g.bound, g.unused) from grants g
union all
select 6, 'ownership', count(*) = 1, 'an active ownership row of the vocabulary table', format('%s active rows', count(*))
  from public.governance_object_ownership o where o.object = 'c1.governance_canonical_operation_vocab' and o.authority = 'DOT-bound'
   and o.status = 'active' and btrim(o.owner) not in ('', '*')
union all
select 7, 'gates', count(*) = 1 and bool_and(g.dry_run_only and not g.execute_enabled and not g.real_run_enabled),
  'dry_run_only=true, execute_enabled=false, real_run_enabled=false',
  coalesce(string_agg(format('dry_run_only=%s, execute_enabled=%s, real_run_enabled=%s', g.dry_run_only::text, g.execute_enabled::text,
    g.real_run_enabled::text), '; '),
    'no row') from public.dot_runtime_gate g where g.gate = 'global') c`;
