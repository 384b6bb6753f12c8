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
    'select %1$s, %4$s - $1, %2$s from %3$s t where $2 is null or %1$s = any ($2)',
    key_expression, case when s.status_column is null then 'true' else format('not (t.%I = any ($3))', s.status_column) end, s.relation,
    case p_surface when 'apr_requests' then 'iu_core.by_digest(to_jsonb(t))' else 'to_jsonb(t)' end)
  using s.assigned_columns, p_keys, s.dead_values;
end $$;

-- Rows of a surface, without looking into them: the live ones and all of them.
create function iu_core.count_rows(p_surface text, out live bigint, out total bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  s iu_core.surface;
begin
  select * into strict s from iu_core.surface x where x.surface = p_surface;
  execute format('select count(*) filter (where %s), count(*) from %s t',
    case when s.status_column is null then 'true' else format('not (t.%I = any ($1))', s.status_column) end, s.relation)
    into live, total using s.dead_values;
end $$;

-- What plan() needs: p_refs [{surface, key} | {surface, prefix} | {surface, count}] → {rows, claims, runs, counts}. A row
-- that is asked for and not listed is absent; a failed read raises.
create function iu_core.read_refs(p_refs jsonb) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return (
  with ref as (
    select d ->> 'surface' as surface, d ->> 'key' as key, d ->> 'prefix' as prefix, d ? 'count' as counted
      from jsonb_array_elements(p_refs) d
  ), wanted as (
    select r.surface, array_agg(r.key) as keys from ref r where r.key is not null group by r.surface
  ), row_ as (
    select w.surface, x.key, x.image, x.live from wanted w, iu_core.surface_rows(w.surface, w.keys) x
    union
    select r.surface, x.key, x.image, x.live from ref r, iu_core.surface_rows(r.surface) x
     where r.prefix is not null and starts_with(x.key, r.prefix)
  )
  select jsonb_build_object(
    'rows', (select coalesce(jsonb_agg(to_jsonb(x)), '[]') from row_ x),
    'claims', (select coalesce(jsonb_agg(jsonb_build_object('surface', c.surface, 'key', c.key, 'stack', c.stack,
                      'resource', c.resource, 'image', c.image, 'status', c.status, 'requestId', c.request_id)), '[]')
                 from (select c.* from iu_core.claim c join ref r on r.surface = c.surface and r.key = c.key
                       union
                       select c.* from iu_core.claim c join ref r on r.surface = c.surface and starts_with(c.key, r.prefix)) c),
    'runs', (select coalesce(jsonb_agg(jsonb_build_object('subject', n.subject, 'applied', n.applied)), '[]')
               from (select d.subject, count(*) as applied from iu_core.dot_run d
                      where d.outcome = 'applied' and d.subject in (
                        select r.surface || '/' || r.key from ref r where r.key is not null
                        union
                        select x.surface || '/' || x.key from row_ x)
                      group by d.subject) n),
    'counts', (select coalesce(jsonb_agg(jsonb_build_object('surface', r.surface, 'live', (iu_core.count_rows(r.surface)).live)), '[]')
                 from ref r where r.counted)));

create function iu_core.surface_counters() returns table (surface text, live bigint, total bigint)
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select s.surface, n.live, n.total from iu_core.surface s, lateral iu_core.count_rows(s.surface) n where s.kind <> 'bookkeeping';
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

-- Surfaces that changed by something else than runs since the last install, baseline or not.
create function iu_core.moved_since_install() returns text[]
language sql stable set search_path = pg_catalog, pg_temp
return (select coalesce(array_agg(d.key order by d.key), '{}')
          from (select i.digests from iu_core.install i where i.digests is not null order by i.seq desc limit 1) last,
               jsonb_each_text(last.digests) d
         where iu_core.undone_digest(d.key, 0) <> d.value);

-- Every live governed row, one JSON line each, without what only the runtime can make: two runs compare by diff.
create function iu_core.live_snapshot() returns setof text
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select jsonb_build_object('surface', s.surface, 'key', x.key, 'row', x.image)::text
    from iu_core.surface s, lateral iu_core.surface_rows(s.surface) x
   where s.kind <> 'bookkeeping' and x.live
   order by s.surface collate "C", x.key collate "C";
end;
