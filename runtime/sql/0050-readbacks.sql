-- Reads. All run with the rights of who asks, so that a role that may not read a row cannot learn of it here.

-- The rows of a surface as images; `live` says whether the row counts.
create function iu_core.surface_rows(p_surface text, p_keys text[] default null)
returns table (key text, image jsonb, live boolean)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  s iu_core.surface;
  key_expression text;
begin
  select * into strict s from iu_core.surface x where x.surface = p_surface;
  select string_agg(format('t.%I::text', k.name), ' || ''/'' || ' order by k.ordinality) into key_expression
    from unnest(s.key_columns) with ordinality k(name, ordinality);
  return query execute format(
    'select %1$s, to_jsonb(t) - $1, %2$s from %3$s t where $2 is null or %1$s = any ($2)',
    key_expression, case when s.status_column is null then 'true' else format('not (t.%I = any ($3))', s.status_column) end, s.relation)
  using s.assigned_columns, p_keys, s.dead_values;
end $$;

-- What plan() needs of some rows: p_refs [{surface, key}] → {rows, claims, runs}. A row that is asked for and not listed
-- is absent; a failed read raises.
create function iu_core.read_refs(p_refs jsonb) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return (
  with ref as (select d ->> 'surface' as surface, d ->> 'key' as key from jsonb_array_elements(p_refs) d),
  wanted as (select r.surface, array_agg(r.key) as keys from ref r group by r.surface)
  select jsonb_build_object(
    'rows', (select coalesce(jsonb_agg(jsonb_build_object('surface', w.surface, 'key', x.key, 'image', x.image, 'live', x.live)), '[]')
               from wanted w, iu_core.surface_rows(w.surface, w.keys) x),
    'claims', (select coalesce(jsonb_agg(jsonb_build_object('surface', c.surface, 'key', c.key, 'stack', c.stack,
                      'resource', c.resource, 'image', c.image, 'status', c.status, 'requestId', c.request_id)), '[]')
                 from iu_core.claim c join ref r on r.surface = c.surface and r.key = c.key),
    'runs', (select coalesce(jsonb_agg(jsonb_build_object('subject', n.subject, 'applied', n.applied)), '[]')
               from (select d.subject, count(*) as applied from iu_core.dot_run d join ref r on d.subject = r.surface || '/' || r.key
                      where d.outcome = 'applied' group by d.subject) n)));

create function iu_core.surface_counters() returns table (surface text, live bigint, total bigint)
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select s.surface, n.live, n.total from iu_core.surface s,
    lateral (select count(*) filter (where x.live) as live, count(*) as total from iu_core.surface_rows(s.surface) x) n
   where s.kind <> 'bookkeeping';
end;

-- Digest of a surface with everything undone that runs after p_position did: equal to the baseline's digest exactly when
-- nobody but those runs changed a row. The largest position undoes nothing.
create function iu_core.undone_digest(p_surface text, p_position bigint) returns text
language sql stable set search_path = pg_catalog, pg_temp
return (
  with later as (
    select r.request_id, r.applied_seq, r.observed from iu_core.dot_run r where r.applied_seq > p_position
  ), touched as (
    select distinct on (d ->> 'key') d ->> 'key' as key, nullif(d -> 'before', 'null') as before
      from later l, jsonb_array_elements(l.observed) d
     where d ->> 'surface' = p_surface order by d ->> 'key', l.applied_seq
  ), undone as (
    select x.key, x.image::text as image from iu_core.surface_rows(p_surface) x
     where p_surface <> 'dot_ledger' and not exists (select from touched t where t.key = x.key)
    union all
    select t.key, t.before::text from touched t where p_surface <> 'dot_ledger' and t.before is not null
    union all
    -- A chain is undone by leaving out the later entries; who wrote an entry by hand is found by verify_ledger.
    select l.seq::text, l.entry_hash from public.dot_ledger l
     where p_surface = 'dot_ledger' and not exists (select from later r where r.request_id = l.request_id)
  )
  select encode(sha256(convert_to(coalesce(string_agg(u.key || E'\t' || u.image, E'\n' order by u.key collate "C"), ''), 'UTF8')), 'hex')
    from undone u);

-- Surfaces that changed by something else than the runs since the baseline.
create function iu_core.moved_surfaces() returns text[]
language sql stable set search_path = pg_catalog, pg_temp
return (select coalesce(array_agg(d.key order by d.key), '{}') from iu_core.v_baseline b, jsonb_each_text(b.digests) d
         where b.status = 'open' and iu_core.undone_digest(d.key, b.journal_position) <> d.value);

-- Sequence of the first entry that does not fit the chain; null when all of it fits.
create function iu_core.verify_ledger() returns bigint
language sql stable set search_path = pg_catalog, pg_temp
return (select min(c.seq) from (
  select l.seq, iu_core.ledger_entry_hash(l) = l.entry_hash as hashed,
         l.prev_hash = coalesce(lag(l.entry_hash) over (order by l.seq), repeat('0', 64)) as chained,
         l.seq = row_number() over (order by l.seq) as gapless
    from public.dot_ledger l) c where not (c.hashed and c.chained and c.gapless));

-- Live claims whose row is not what its DOT last wrote.
create function iu_core.claim_drift() returns table (surface text, key text, written jsonb, seen jsonb)
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select c.surface, c.key, c.image, x.image
    from (select distinct k.surface, array_agg(k.key) over (partition by k.surface) as keys from iu_core.claim k where k.status = 'live') w
    join iu_core.claim c on c.surface = w.surface and c.status = 'live'
    left join lateral iu_core.surface_rows(w.surface, w.keys) x on x.key = c.key
   where x.image is distinct from c.image;
end;

-- Everything that guards the runtime, in one hash: triggers, function bodies, owners, rights, roles, the matrix.
create function iu_core.guard_digest() returns text
language sql stable set search_path = pg_catalog, pg_temp
return (select encode(sha256(convert_to(string_agg(g.line, E'\n' order by g.line collate "C"), 'UTF8')), 'hex') from (
  select 'trigger ' || t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid) as line from pg_trigger t
    join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
   where not t.tgisinternal and n.nspname in ('public', 'iu_core')
  union all
  select 'function ' || pg_get_functiondef(p.oid) || ' ' || p.proowner::regrole || ' ' || coalesce(p.proacl::text, '') from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'iu_core') and p.prokind = 'f'
  union all
  select 'event trigger ' || e.evtname || ' ' || e.evtevent || ' ' || e.evtenabled::text || ' ' || e.evtfoid::regproc from pg_event_trigger e
  union all
  select 'relation ' || c.oid::regclass || ' ' || c.relkind::text || ' ' || c.relowner::regrole || ' ' || coalesce(c.relacl::text, '') from pg_class c
    join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'iu_core') and c.relkind in ('r', 'v', 'S')
  union all
  select 'view ' || c.oid::regclass || ' ' || pg_get_viewdef(c.oid) from pg_class c
    join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'iu_core') and c.relkind = 'v'
  union all
  select 'schema ' || n.nspname || ' ' || n.nspowner::regrole || ' ' || coalesce(n.nspacl::text, '') from pg_namespace n
   where n.nspname in ('public', 'iu_core')
  union all
  select format('role %s super=%s create=%s db=%s login=%s bypass=%s repl=%s config=%s', r.rolname, r.rolsuper, r.rolcreaterole,
                r.rolcreatedb, r.rolcanlogin, r.rolbypassrls, r.rolreplication, s.setconfig)
    from pg_roles r left join pg_db_role_setting s on s.setrole = r.oid and s.setdatabase = 0 where r.rolname !~ '^pg_'
  union all
  select 'member ' || m.member::regrole || ' of ' || m.roleid::regrole from pg_auth_members m
  union all
  select 'public may ' || p.privilege from unnest(array['TEMPORARY', 'CONNECT', 'CREATE']) p(privilege)
   where exists (select from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
                  where d.datname = current_database() and a.grantee = 0 and a.privilege_type = p.privilege)
  union all
  select 'large object function ' || p.oid::regprocedure || ' ' || coalesce(p.proacl::text, 'default') from pg_proc p
   where p.pronamespace = 'pg_catalog'::regnamespace and (p.proname like 'lo\_%' or p.proname in ('lowrite', 'loread'))
  union all
  select 'matrix ' || m::text from iu_core.dot_surface m
  union all
  select 'dot ' || d::text from iu_core.dot d
  union all
  select 'surface ' || s::text from iu_core.surface s
  union all
  select 'object ' || o::text from iu_core.object_definition o
  union all
  select 'setting ' || s::text from iu_core.setting s) g);

-- Net live rows that each step added to each surface since the baseline, by the journal, which the guards compared with
-- what really changed. Of the handbook the live subjects count: a newer entry on the same subject supersedes the older.
create function iu_core.step_deltas() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return (
  with later as (
    select r.step, r.subject, r.direction, r.observed, r.applied_seq, d.ledgers from iu_core.v_baseline b, iu_core.dot_run r
      join iu_core.dot d on d.dot_code = r.dot_code where r.applied_seq > b.journal_position
  ), net as (
    select l.step, d ->> 'surface' as surface,
           sum(case when d ->> 'op' in ('insert', 'reinstate') then 1 when d ->> 'op' = 'retire' then -1 else 0 end) as net
      from later l, jsonb_array_elements(l.observed) d where d ->> 'surface' not in ('baseline', 'dot_ledger') group by 1, 2
    union all
    select s.step, 'dot_ledger', count(*) filter (where s.direction = 'apply')
      from (select distinct on (l.subject) l.step, l.direction from later l where l.ledgers order by l.subject, l.applied_seq desc) s
     group by s.step
  )
  select coalesce(jsonb_object_agg(s.step, s.surfaces), '{}')
    from (select n.step, jsonb_object_agg(n.surface, n.net) as surfaces from net n group by n.step) s);

-- Rows in the vocabulary table: 0 where it does not exist, null where it is not ours to read.
create function iu_core.vocabulary_rows() returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  vocabulary oid := (select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
                      where n.nspname = 'c1' and c.relname = 'governance_canonical_operation_vocab');
  n bigint;
begin
  if vocabulary is null then
    return 0;
  end if;
  if not (has_schema_privilege('c1', 'usage') and has_table_privilege(vocabulary, 'select')) then
    return null;
  end if;
  execute 'select count(*) from c1.governance_canonical_operation_vocab' into n;
  return n;
end $$;

-- The whole state that a readback judges, of one snapshot.
create function iu_core.read_state() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return jsonb_build_object(
  'counters', (select jsonb_object_agg(c.surface, jsonb_build_object('live', c.live, 'total', c.total)) from iu_core.surface_counters() c),
  'baseline', (select jsonb_build_object('stack', b.stack, 'status', b.status, 'counters', b.counters, 'position', b.journal_position)
                 from iu_core.v_baseline b),
  'stepDeltas', iu_core.step_deltas(),
  'movedSurfaces', to_jsonb(iu_core.moved_surfaces()),
  'drift', (select coalesce(jsonb_agg(to_jsonb(d)), '[]') from iu_core.claim_drift() d),
  'ledger', jsonb_build_object('brokenAt', iu_core.verify_ledger(),
     'entries', (select count(*) from public.dot_ledger),
     'atBaseline', (select count(*) from public.dot_ledger l where not exists (select from iu_core.dot_run r, iu_core.v_baseline b
        where r.request_id = l.request_id and r.applied_seq > b.journal_position)),
     'runs', (select count(*) from iu_core.dot_run r, iu_core.v_baseline b, iu_core.dot d
        where r.applied_seq > b.journal_position and d.dot_code = r.dot_code and d.ledgers),
     'head', (select l.entry_hash from public.dot_ledger l order by l.seq desc limit 1)),
  'vocabularyRows', iu_core.vocabulary_rows(),
  'guard', jsonb_build_object('seen', iu_core.guard_digest(),
     'installed', (select i.guard_digest from iu_core.install i where i.guard_digest is not null order by i.seq desc limit 1)),
  'bins', (select i.bins from iu_core.install i where i.bins is not null order by i.seq desc limit 1),
  'steps', (select coalesce(jsonb_agg(distinct r.step), '[]') from iu_core.claim c join iu_core.dot_run r on r.request_id = c.request_id
             where c.status = 'live' and c.surface <> 'dot_ledger'),
  'approvals', (select s.value from iu_core.setting s where s.name = 'approvals'),
  'target', jsonb_build_object('system', (select system_identifier::text from pg_control_system()),
     'database', (select d.oid::text from pg_database d where d.datname = current_database())));

-- Every live governed row, one JSON line each, without what only the runtime can make: two runs compare by diff.
create function iu_core.live_snapshot() returns setof text
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select jsonb_build_object('surface', s.surface, 'key', x.key, 'row', x.image)::text
    from iu_core.surface s, lateral iu_core.surface_rows(s.surface) x
   where s.kind <> 'bookkeeping' and x.live
   order by s.surface collate "C", x.key collate "C";
end;
