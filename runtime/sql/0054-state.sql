-- What a readback judges, in one answer.

-- Net live rows that each step added to each surface since the baseline, by the journal, which the guards compared with
-- what really changed. Of the handbook the live subjects count: a newer entry on the same subject supersedes the older.
create function iu_core.step_deltas() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return (
  with later as (
    select r.step, r.subject, r.direction, r.observed, r.applied_seq, d.ledgers from iu_core.v_baseline b, iu_core.dot_run r
      join iu_core.dot d on d.dot_code = r.dot_code where r.applied_seq > b.journal_position
  ), past as (
    -- Requests that made room for another, and spent grants of such: history, which counts for no step.
    select q.apr_code, (select g.auth_code from public.governance_build_authorization g
                         where g.request_ref = q.apr_code and g.status in ('consumed', 'expired')) as auth_code
      from public.apr_requests q where q.status in ('expired', 'closed')
  ), net as (
    -- History without a state of its own is only appended to: what a retire appends takes back what the apply counted; a row
    -- that is dead from the start counts for nothing. Votes are counted by their request, whenever they were cast.
    select l.step, d ->> 'surface' as surface,
           sum(case when d ->> 'op' = 'retire' or (d ->> 'op' = 'insert' and l.direction = 'retire' and s.status_column is null) then -1
                    when d ->> 'op' in ('insert', 'reinstate') and iu_core.is_live(d ->> 'surface', d -> 'after') then 1 else 0 end) as net
      from later l, jsonb_array_elements(l.observed) d left join iu_core.surface s on s.surface = d ->> 'surface'
     where d ->> 'surface' not in ('baseline', 'dot_ledger', 'apr_approvals')
       and not (d ->> 'surface' = 'governance_build_authorization' and exists (select from past p where p.auth_code = d ->> 'key'))
     group by 1, 2
    union all
    select s.step, 'dot_ledger', count(*) filter (where s.direction = 'apply')
      from (select distinct on (l.subject) l.step, l.direction from later l
             where l.ledgers and not exists (select from past p where l.subject = 'apr_requests/' || p.apr_code)
               and not exists (select from iu_core.v_kb_document k where k.status = 'superseded'
                                 and l.subject = format('kb_document/%s/%s', k.doc_id, k.revision))
             order by l.subject, l.applied_seq desc) s
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

-- Name and digest of every file of the DOT folder that is known: as installed, and what applied patches put there since.
create function iu_core.expected_bins() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return (
  -- By the claim, which holds the digest of a new file: the file itself is half a megabyte, and drift compares the two.
  with patch as materialized (
    select c.image -> 'proposed_action' as a, substr(c.image #>> '{proposed_action,new_content_base64}', 8) as sha256 from iu_core.claim c
     where c.surface = 'apr_requests' and c.image ->> 'status' = 'applied' and c.image ->> 'action_code' = 'patch_ops_code'
       and c.image -> 'proposed_action' ? 'staged_files'
  ), file as (
    select n.name, p.sha256
      from patch p, lateral (values (regexp_replace(p.a ->> 'file_path', '^.*/', '')), (p.a ->> 'alias')) n(name)
     where n.name is not null
    union all
    select f ->> 'file', f ->> 'sha256' from patch p, jsonb_array_elements(p.a -> 'staged_files') f
  )
  select coalesce((select i.bins from iu_core.install i where i.bins is not null order by i.seq desc limit 1), '{}')
         || coalesce((select jsonb_object_agg(f.name, f.sha256) from file f), '{}'));

-- Live tools that are C1's by code, name or file; `file` is the last part of the path, whatever prefix the row has.
create view iu_core.v_c1_tool as
  select t.code, t.name, x.file
    from public.dot_tools t, lateral (select regexp_replace(t.file_path, '^.*/', '') as file) x
   where t.status <> 'retired' and (t.code ilike 'DOT\_C1\_%' or t.name ilike 'dot-c1-%' or x.file ilike 'dot-c1-%');

-- Live tools of C1 that the handbook has no live registration entry of.
create function iu_core.tools_without_entry() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return (select coalesce(jsonb_agg(t.code order by t.code), '[]') from iu_core.v_c1_tool t
         where not exists (select from iu_core.v_ledger_live l where l.subject = 'dot_tools/' || t.code
                             and l.entry_kind = 'registration' and l.direction = 'apply'));

-- Live tools of C1 that share a name or a file: one DOT registered twice. The code is unique in the table.
create function iu_core.tools_twice() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return (
  with tool as materialized (select * from iu_core.v_c1_tool)
  select coalesce(jsonb_agg(distinct t.code), '[]') from tool t join tool other
      on other.code <> t.code and (other.name = t.name or other.file = t.file));

-- What the handbook and the guards say. It takes as long as the other half, which is why what is asked of the handbook's tools
-- and of the steps stands here.
create function iu_core.read_state_of_guards() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return jsonb_build_object(
  'stepDeltas', iu_core.step_deltas(),
  'toolsWithoutEntry', iu_core.tools_without_entry(),
  'toolsTwice', iu_core.tools_twice(),
  'ledger', jsonb_build_object('brokenAt', iu_core.verify_ledger(),
     'entries', (select count(*) from public.dot_ledger),
     'atBaseline', (select count(*) from public.dot_ledger l where not exists (select from iu_core.dot_run r, iu_core.v_baseline b
        where r.request_id = l.request_id and r.applied_seq > b.journal_position)),
     'runs', (select count(*) from iu_core.dot_run r, iu_core.v_baseline b, iu_core.dot d
        where r.applied_seq > b.journal_position and d.dot_code = r.dot_code and d.ledgers),
     'head', (select l.entry_hash from public.dot_ledger l order by l.seq desc limit 1)),
  'guard', jsonb_build_object('seen', iu_core.guard_digest(),
     'installed', (select i.guard_digest from iu_core.install i where i.guard_digest is not null order by i.seq desc limit 1)));

-- What the rows, the claims and the journal say.
create function iu_core.read_state_of_rows() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return jsonb_build_object(
  'counters', (select jsonb_object_agg(c.surface, jsonb_build_object('live', c.live, 'total', c.total)) from iu_core.surface_counters() c),
  'baseline', (select jsonb_build_object('stack', b.stack, 'status', b.status, 'counters', b.counters, 'position', b.journal_position)
                 from iu_core.v_baseline b),
  'catalogueCount', (select m.record_count from public.meta_catalog m where m.code = 'CAT-006'),
  'movedSurfaces', to_jsonb(iu_core.moved_surfaces()),
  'drift', (select coalesce(jsonb_agg(to_jsonb(d)), '[]') from iu_core.claim_drift() d),
  'vocabularyRows', iu_core.vocabulary_rows(),
  'bins', iu_core.expected_bins(),
  -- A row of history is nothing that could be retired, unless it has a state of its own.
  'steps', (select coalesce(jsonb_agg(distinct r.step), '[]') from iu_core.claim c join iu_core.dot_run r on r.request_id = c.request_id
              join iu_core.surface s on s.surface = c.surface
             where c.status = 'live' and c.surface <> 'dot_ledger' and not (s.kind = 'history' and s.status_column is null)),
  'approvals', (select s.value from iu_core.setting s where s.name = 'approvals'),
  'target', jsonb_build_object('system', (select system_identifier::text from pg_control_system()),
     'database', (select d.oid::text from pg_database d where d.datname = current_database())));

-- The whole state that a readback judges. c1-reader asks for the halves on two connections that share a snapshot.
create function iu_core.read_state() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return iu_core.read_state_of_rows() || iu_core.read_state_of_guards();
