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

-- Whether a request or a grant is past its expiry by the clock, whatever its status still says.
create function iu_core.is_over(p_surface text, p_key text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
return case p_surface
  when 'apr_requests' then (select iu_core.is_past(q) from public.apr_requests q where q.apr_code = p_key)
  when 'governance_build_authorization' then (select g.status = 'active' and g.expires_at <= now()
    from public.governance_build_authorization g where g.auth_code = p_key)
  else false end;

-- What plan() needs: p_refs [{surface, key} | {surface, prefix} | {surface, count}] → {rows, claims, runs, counts}. A row
-- that is asked for and not listed is absent; a failed read raises.
create function iu_core.read_refs(p_refs jsonb) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  found jsonb;
  claims jsonb;
  runs jsonb;
  counts jsonb;
begin
  -- One statement each, whose plans a session keeps: a DOT asks three times.
  select coalesce(jsonb_agg(case when f.surface in ('apr_requests', 'governance_build_authorization') and iu_core.is_over(f.surface, f.key)
                  then to_jsonb(f) || '{"past": true}' else to_jsonb(f) end), '[]')
    into found from (
    select w.surface, x.key, x.image, x.live
      from (select d ->> 'surface' as surface, array_agg(d ->> 'key') as keys from jsonb_array_elements(p_refs) d where d ? 'key' group by 1) w,
           lateral iu_core.surface_rows(w.surface, w.keys) x
    union
    select d ->> 'surface', x.key, x.image, x.live from jsonb_array_elements(p_refs) d, lateral iu_core.surface_rows(d ->> 'surface') x
     where d ? 'prefix' and starts_with(x.key, d ->> 'prefix')) f;
  select coalesce(jsonb_agg(jsonb_build_object('surface', c.surface, 'key', c.key, 'stack', c.stack, 'resource', c.resource,
           'image', c.image, 'status', c.status, 'requestId', c.request_id)), '[]') into claims
    from iu_core.claim c where exists (select from jsonb_array_elements(p_refs) d where d ->> 'surface' = c.surface
                                         and (d ->> 'key' = c.key or starts_with(c.key, d ->> 'prefix')));
  select coalesce(jsonb_agg(jsonb_build_object('subject', n.subject, 'applied', n.applied)), '[]') into runs
    from (select r.subject, count(*) as applied from iu_core.dot_run r
           where r.outcome = 'applied' and r.subject in (
             select (d ->> 'surface') || '/' || (d ->> 'key') from jsonb_array_elements(p_refs) d where d ? 'key'
             union
             select (f ->> 'surface') || '/' || (f ->> 'key') from jsonb_array_elements(found) f)
           group by r.subject) n;
  select coalesce(jsonb_agg(jsonb_build_object('surface', d ->> 'surface', 'live', (iu_core.count_rows(d ->> 'surface')).live)), '[]') into counts
    from jsonb_array_elements(p_refs) d where d ? 'count';
  return jsonb_build_object('rows', found, 'claims', claims, 'runs', runs, 'counts', counts);
end $$;

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
