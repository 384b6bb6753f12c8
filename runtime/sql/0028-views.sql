-- What readers and guards look at instead of a bare table.

-- The newest entry of each subject: what the handbook says now.
create view iu_core.v_ledger_live as
  select distinct on (l.subject) l.* from public.dot_ledger l order by l.subject, l.seq desc;

create view iu_core.v_baseline as
  select b.* from iu_core.baseline b order by b.seq desc limit 1;

-- What the catalogue says of an object now, in one hash.
create function iu_core.catalog_sha256(p_kind text, p_oid oid) returns text
language sql stable set search_path = pg_catalog, pg_temp
return encode(sha256(convert_to(case p_kind
  when 'function' then pg_get_functiondef(p_oid)
  when 'view' then pg_get_viewdef(p_oid)
  else p_kind end, 'UTF8')), 'hex');

create function iu_core.table_detail(p_oid oid) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return jsonb_build_object(
  'columns', (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull)
                order by a.attname collate "C") from pg_attribute a where a.attrelid = p_oid and a.attnum > 0 and not a.attisdropped),
  'primary_key', (select jsonb_agg(a.attname order by k.ordinality) from pg_constraint c, unnest(c.conkey) with ordinality k(attnum, ordinality)
                    join pg_attribute a on a.attrelid = p_oid and a.attnum = k.attnum where c.conrelid = p_oid and c.contype = 'p'),
  'guards', (select coalesce(jsonb_agg(t.tgname order by t.tgname collate "C"), '[]') from pg_trigger t
              where t.tgrelid = p_oid and not t.tgisinternal and t.tgenabled = 'A'));

-- Schemas, tables, views and functions, with what they are made of. The body of an object that a DOT made is shown as the
-- hash of its source as long as the catalogue still says what it said then.
create view iu_core.v_schema_object as
  with object(name, kind, oid) as (
    select n.nspname::text, 'schema', n.oid from pg_namespace n where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    union all
    select n.nspname || '.' || c.relname, case c.relkind when 'v' then 'view' else 'table' end, c.oid
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    union all
    select n.nspname || '.' || p.proname || '(' || replace(oidvectortypes(p.proargtypes), ', ', ',') || ')', 'function', p.oid
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where p.prokind = 'f' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  )
  select o.name, o.kind,
         case o.kind when 'table' then iu_core.table_detail(o.oid)
                     when 'schema' then '{}'::jsonb
                     else jsonb_build_object('source_sha256', case
                            when c.catalog_sha256 = iu_core.catalog_sha256(o.kind, o.oid) then c.source_sha256
                            else 'catalogue ' || iu_core.catalog_sha256(o.kind, o.oid) end) end as detail
    from object o left join iu_core.created_object c on c.name = o.name;
