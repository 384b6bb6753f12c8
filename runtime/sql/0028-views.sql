-- What readers and guards look at instead of a bare table.

-- The newest entry of each subject: what the handbook says now.
create view iu_core.v_ledger_live as
  select distinct on (l.subject) l.* from public.dot_ledger l order by l.subject, l.seq desc;

-- A document that has a newer revision is superseded by it: its own row is history, and never changed.
create view iu_core.v_kb_document as
  select k.doc_id, k.revision, k.title, k.body, k.sha256, k.package_sha256,
         case when k.status = 'current' and exists (select from public.kb_document n where n.doc_id = k.doc_id and n.revision > k.revision)
              then 'superseded' else k.status end as status, k.written_at
    from public.kb_document k;

create view iu_core.v_baseline as
  select b.* from iu_core.baseline b order by b.seq desc limit 1;

-- Everything that decides who may write a table or view and what happens then, without an oid in it, so that two
-- databases say the same of the same table.
create function iu_core.relation_lines(p_oid oid) returns setof text
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select format('relation %s %s %s %s %s triggers=%s rls=%s%s %s', c.oid::regclass, c.relkind::text, c.relpersistence::text,
                c.relowner::regrole, c.relacl, c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, c.reloptions)
    from pg_class c where c.oid = p_oid
  union all
  select 'view ' || p_oid::regclass || ' ' || pg_get_viewdef(p_oid) from pg_class c where c.oid = p_oid and c.relkind in ('v', 'm')
  union all
  select format('column %s.%I %s notnull=%s default=%s acl=%s', p_oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
                a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attacl)
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attrelid = p_oid and a.attnum > 0 and not a.attisdropped
  union all
  select 'trigger ' || t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid) from pg_trigger t
   where t.tgrelid = p_oid and not t.tgisinternal
  union all
  -- The names of these hold oids.
  select format('constraint trigger %s on %s %s %s', k.conname, p_oid::regclass, t.tgfoid::regproc, t.tgenabled::text)
    from pg_trigger t left join pg_constraint k on k.oid = t.tgconstraint where t.tgrelid = p_oid and t.tgisinternal
  union all
  select format('constraint %s on %s %s', k.conname, p_oid::regclass, pg_get_constraintdef(k.oid)) from pg_constraint k
   where k.conrelid = p_oid and k.contype <> 'n'
  union all
  select format('index %s valid=%s', pg_get_indexdef(i.indexrelid), i.indisvalid and i.indisready) from pg_index i where i.indrelid = p_oid
  union all
  select 'rule ' || r.ev_enabled::text || ' ' || pg_get_ruledef(r.oid) from pg_rewrite r where r.ev_class = p_oid and r.rulename <> '_RETURN'
  union all
  select format('policy %s on %s %s %s %s', y.polname, p_oid::regclass, y.polcmd::text, pg_get_expr(y.polqual, y.polrelid), pg_get_expr(y.polwithcheck, y.polrelid))
    from pg_policy y where y.polrelid = p_oid
  union all
  select format('child %s of %s', h.inhrelid::regclass, p_oid::regclass) from pg_inherits h where h.inhparent = p_oid;
end;

-- What the catalogue says of an object now, in one hash: its text, its owner, its rights; of a table also what guards it. A
-- function, because the names of types in a text depend on the search path, which it pins.
create function iu_core.catalog_sha256(p_kind text, p_oid oid) returns text
language sql stable set search_path = pg_catalog, pg_temp
return encode(sha256(convert_to(case p_kind
  when 'schema' then (select format('%s %s', n.nspowner::regrole, n.nspacl) from pg_namespace n where n.oid = p_oid)
  when 'function' then (select format('%s %s %s', pg_get_functiondef(p.oid), p.proowner::regrole, p.proacl) from pg_proc p where p.oid = p_oid)
  else (select string_agg(l.line, E'\n' order by l.line collate "C") from iu_core.relation_lines(p_oid) l(line)) end, 'UTF8')), 'hex');

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
-- hash of its source as long as the catalogue still says what it said then; a schema or table of a DOT's that the
-- catalogue says something else of (rights, owner, a trigger) shows that hash beside its columns.
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
         case o.kind when 'table' then iu_core.table_detail(o.oid) else '{}'::jsonb end
         || case when now_.sha256 is null or (now_.sha256 = c.catalog_sha256 and o.kind in ('schema', 'table')) then '{}'::jsonb
                 when o.kind in ('schema', 'table') then jsonb_build_object('catalogue', now_.sha256)
                 when now_.sha256 = c.catalog_sha256 then jsonb_build_object('source_sha256', c.source_sha256)
                 else jsonb_build_object('source_sha256', 'catalogue ' || now_.sha256) end as detail
    from object o left join iu_core.created_object c on c.name = o.name
    -- Asked once, and only where it is needed: it is the dearest part. Schemas and tables that no DOT made are covered by
    -- the guard digest.
    cross join lateral (select case when o.kind in ('function', 'view') or c.name is not null
                                    then iu_core.catalog_sha256(o.kind, o.oid) end as sha256 offset 0) now_;
