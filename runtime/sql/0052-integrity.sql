-- Reads that say whether anybody went past the guards: the chain, the claims, the guards themselves. All run with the
-- rights of who asks.

-- Runs since the baseline, whose rows the readback compares with their handbook entries and with the claims.
create view iu_core.v_recent_run as
  select r.* from iu_core.dot_run r
   where r.outcome = 'applied' and r.applied_seq > coalesce((select b.journal_position from iu_core.v_baseline b), 0);

-- Sequence of the first entry that does not fit the chain, or not the run that wrote it; null when all of it fits. A run
-- without its entry breaks the chain at the entry that would come next.
create function iu_core.verify_ledger() returns bigint
language sql stable set search_path = pg_catalog, pg_temp
return (select least(
  (select min(c.seq) from (
    select l.seq, iu_core.ledger_entry_hash(l) = l.entry_hash as hashed,
           l.prev_hash = coalesce(lag(l.entry_hash) over (order by l.seq), repeat('0', 64)) as chained,
           l.seq = row_number() over (order by l.seq) as gapless
      from public.dot_ledger l) c where not (c.hashed and c.chained and c.gapless)),
  (select min(l.seq) from public.dot_ledger l where l.request_id is not null
      and not exists (select from iu_core.dot_run r where r.request_id = l.request_id and r.outcome = 'applied')),
  (select min(coalesce(l.seq, (select coalesce(max(x.seq), 0) + 1 from public.dot_ledger x)))
     from iu_core.v_recent_run r join iu_core.dot d on d.dot_code = r.dot_code and d.ledgers
     left join public.dot_ledger l on l.request_id = r.request_id
    where l.seq is null
       or iu_core.delta_digest(r.step, r.direction, r.observed) <> r.delta_digest
       or not r.observed @> jsonb_build_array(jsonb_build_object('surface', 'dot_ledger', 'key', l.subject,
            'after', iu_core.image_of('dot_ledger', to_jsonb(l))))
       or (l.entry_kind in ('run', 'registration') and l.image_hash <> iu_core.images_hash(r.observed)))));

-- What the journal says of every row that a run changed: its image and whose it is, by the newest run that changed it.
create view iu_core.v_journalled_row as
  select distinct on (d ->> 'surface', d ->> 'key') d ->> 'surface' as surface, d ->> 'key' as key,
         nullif(d -> 'after', 'null') as image, r.request_id, r.stack,
         case when r.direction = 'apply' and d ->> 'op' <> 'retire' then 'live' else 'released' end as status
    from iu_core.dot_run r, jsonb_array_elements(r.observed) d
   where r.outcome = 'applied'
   order by d ->> 'surface', d ->> 'key', r.applied_seq desc;

-- Rows that are not what their DOT last wrote, retired ones too, and claims that are not what the journal says. Who moved
-- within a stack (iu_core.take_claim) is not journalled, so the claiming resource is not compared.
create function iu_core.claim_drift() returns table (surface text, key text, written jsonb, seen jsonb)
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  -- Gathered once: it unpacks every run of the journal.
  with journalled as materialized (select * from iu_core.v_journalled_row)
  select coalesce(j.surface, c.surface), coalesce(j.key, c.key), j.image,
         case when x.image is distinct from j.image then x.image
              else jsonb_build_object('claim', to_jsonb(c) - array['surface', 'key', 'resource']) end
    from journalled j
    full join iu_core.claim c on c.surface = j.surface and c.key = j.key
    left join (select w.surface, r.key, r.image
                 from (select k.surface, array_agg(k.key) as keys from journalled k group by k.surface) w,
                      lateral iu_core.surface_rows(w.surface, w.keys) r) x on x.surface = j.surface and x.key = j.key
   where x.image is distinct from j.image
      or (c.image, c.request_id, c.stack, c.status) is distinct from (j.image, j.request_id, j.stack, j.status);
end;

-- Lines of what PostgreSQL brought itself, in one hash, and of what somebody added to it. Its own functions have the same
-- oids in every database of a version.
create function iu_core.catalogue_lines() returns setof text
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select 'functions of PostgreSQL ' || encode(sha256(convert_to(string_agg(format('%s %s %s %s %s', p.proname, p.proargtypes, p.prolang, p.prosrc, p.proacl),
           E'\n' order by p.oid), 'UTF8')), 'hex')
    from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace
  union all
  select format('large object function %s %s', p.oid::regprocedure, p.proacl) from pg_proc p
   where p.pronamespace = 'pg_catalog'::regnamespace and (p.proname like 'lo\_%' or p.proname in ('lowrite', 'loread'))
  union all
  select format('operator %s', o.oid::regoperator) from pg_operator o where o.oid >= 16384
  union all
  select format('cast %s as %s', c.castsource::regtype, c.casttarget::regtype) from pg_cast c where c.oid >= 16384
  union all
  select format('language %s %s %s', l.lanname, l.lanpltrusted, l.lanacl) from pg_language l
  union all
  select format('extension %s %s', e.extname, e.extversion) from pg_extension e
  union all
  select format('default rights %s %s', d.defaclrole::regrole, d.defaclacl) from pg_default_acl d
  union all
  -- Schemas that a DOT makes are a surface of their own (v_schema_object).
  select format('schema %s %s %s', n.nspname, n.nspowner::regrole, n.nspacl) from pg_namespace n
   where n.nspname !~ '^pg_(toast|temp)' and not exists (select from iu_core.object_definition d where d.kind = 'schema' and d.name = n.nspname);
end;

-- Lines of who may do what: roles, memberships, settings, rights on this database.
create function iu_core.role_lines() returns setof text
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select format('role %s super=%s create=%s db=%s login=%s bypass=%s repl=%s inherit=%s', r.rolname, r.rolsuper, r.rolcreaterole,
                r.rolcreatedb, r.rolcanlogin, r.rolbypassrls, r.rolreplication, r.rolinherit)
    from pg_roles r where r.rolname !~ '^pg_'
  union all
  select format('member %s of %s admin=%s inherit=%s set=%s', m.member::regrole, m.roleid::regrole, m.admin_option, m.inherit_option, m.set_option)
    from pg_auth_members m
  union all
  select format('setting of %s in %s: %s', case s.setrole when 0 then 'everybody' else s.setrole::regrole::text end,
                case s.setdatabase when 0 then 'every database' else 'this database' end, s.setconfig)
    from pg_db_role_setting s
   where s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
  union all
  -- However it was switched off: by the server's file, the database, the role or this very session.
  select 'event triggers ' || current_setting('event_triggers')
  union all
  select format('%s may %s', case a.grantee when 0 then 'public' else a.grantee::regrole::text end, a.privilege_type)
    from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where d.datname = current_database();
end;

-- Everything that guards the runtime, in one hash: tables with triggers, constraints and rights, function bodies, owners,
-- roles, the matrix, and PostgreSQL's own functions.
create function iu_core.guard_digest() returns text
language sql stable set search_path = pg_catalog, pg_temp
return (select encode(sha256(convert_to(string_agg(g.line, E'\n' order by g.line collate "C"), 'UTF8')), 'hex') from (
  select l.line from pg_class c join pg_namespace n on n.oid = c.relnamespace, lateral iu_core.relation_lines(c.oid) l(line)
   where n.nspname in ('public', 'iu_core') and c.relkind not in ('i', 'I', 't', 'c')
  union all
  select format('function %s %s %s', case when p.prokind = 'a' then p.oid::regprocedure::text else pg_get_functiondef(p.oid) end,
                p.proowner::regrole, p.proacl)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'iu_core')
  union all
  select format('event trigger %s %s %s %s', e.evtname, e.evtevent, e.evtenabled::text, e.evtfoid::regproc) from pg_event_trigger e
  union all
  select * from iu_core.catalogue_lines()
  union all
  select * from iu_core.role_lines()
  union all
  select 'matrix ' || m::text from iu_core.dot_surface m
  union all
  select 'dot ' || d::text from iu_core.dot d
  union all
  select 'surface ' || s::text from iu_core.surface s
  union all
  select 'object ' || o::text from iu_core.object_definition o
  union all
  select 'setting ' || s::text from iu_core.setting s) g(line));
