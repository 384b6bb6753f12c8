-- Guards (runtime.md, "Guards"). They hold for the owner of the tables and for a superuser session too.

-- Name of the outermost PL/pgSQL frame of this call, or null. A gateway function that a client called stands last in the
-- context; a trigger that fires on raw SQL has only itself there. A DO block or a COPY ends in another line.
create function iu_core.inside_gateway() returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  stack text;
begin
  get diagnostics stack = pg_context;
  return regexp_replace(stack, '^.*\n', '') ~ '^PL/pgSQL function iu_core\.(?!fn_|inside_)[a-z_]+\([a-z0-9_., "\[\]]*\) line [0-9]+ at [A-Za-z ]+$';
end $$;

-- The run that the canonical-writer marker of this very transaction belongs to; null without one.
create function iu_core.current_run() returns iu_core.dot_run
language sql stable set search_path = pg_catalog, pg_temp
return (select r from iu_core.dot_run r where r.xid = pg_current_xact_id_if_assigned() and r.outcome = 'intent');

create function iu_core.raise_bypass(what text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.refuse('GOVERNED_C1_DRYRUN_REJECT_DOT_BYPASS', 'C1R00',
    format('%s by %s (acting as %s) without the marker of a DOT run', what, session_user, current_user),
    'a gateway function called by a DOT', 'run the DOT of that surface; nothing was written');
end $$;

-- Stops every write that does not come from a gateway function inside an opened run of a DOT that may do it.
create function iu_core.assert_marker(p_surface text, p_operation text) returns iu_core.dot_run
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  run iu_core.dot_run := iu_core.current_run();
begin
  if current_user <> 'c1_gateway' or not iu_core.inside_gateway() or run.request_id is null then
    perform iu_core.raise_bypass(format('%s on %s', p_operation, p_surface));
  end if;
  if not exists (select from iu_core.dot_surface m where m.dot_code = run.dot_code
                   and m.surface = p_surface and m.operation = p_operation) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('%s asking for %s on %s', run.dot_code, p_operation, p_surface),
      'an operation that iu_core.dot_surface lists for it', 'use the DOT that may');
  end if;
  return run;
end $$;

-- The new file that a patch request carries is half a megabyte: in images it stands by its digest. Twin of patchImage()
-- in domain/apr.ts.
create function iu_core.by_digest(p_row jsonb) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
return case when p_row #> '{proposed_action,new_content_base64}' is null then p_row
            else jsonb_set(p_row, '{proposed_action,new_content_base64}', to_jsonb('sha256:'
                   || encode(sha256(decode(p_row #>> '{proposed_action,new_content_base64}', 'base64')), 'hex'))) end;

-- Planned row image: the row without the columns that only the runtime can make.
create function iu_core.image_of(p_surface text, p_row jsonb) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return case p_surface when 'apr_requests' then iu_core.by_digest(p_row) else p_row end
       - (select s.assigned_columns from iu_core.surface s where s.surface = p_surface);

create function iu_core.key_of(p_surface text, p_row jsonb) returns text
language sql stable set search_path = pg_catalog, pg_temp
return (select string_agg(p_row ->> k.name, '/' order by k.ordinality)
        from iu_core.surface s, unnest(s.key_columns) with ordinality k(name, ordinality) where s.surface = p_surface);

create function iu_core.is_live(p_surface text, p_row jsonb) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
return p_row is not null and (select s.status_column is null or not (p_row ->> s.status_column = any (s.dead_values))
                              from iu_core.surface s where s.surface = p_surface);

create function iu_core.operation_of(p_surface text, p_before jsonb, p_after jsonb) returns text
language sql stable set search_path = pg_catalog, pg_temp
return case
  when p_after is null then 'retire'
  when p_before is null then 'insert'
  when iu_core.is_live(p_surface, p_before) and not iu_core.is_live(p_surface, p_after) then 'retire'
  when not iu_core.is_live(p_surface, p_before) and iu_core.is_live(p_surface, p_after) then 'reinstate'
  else 'update'
end;

-- Adds what really changed to the run's record; close_run compares it with what was planned.
create function iu_core.observe(p_surface text, p_key text, p_operation text, p_before jsonb, p_after jsonb) returns void
language sql set search_path = pg_catalog, pg_temp
begin atomic
  update iu_core.dot_run r
     set observed = r.observed || jsonb_build_array(jsonb_build_object('surface', p_surface, 'key', p_key,
           'op', p_operation, 'before', p_before, 'after', p_after))
   where r.xid = pg_current_xact_id_if_assigned() and r.outcome = 'intent';
end;

-- Row trigger on every governed table: refuse, or let through. The name is the runtime's own (runtime.md).
create function public.fn_assert_safe_for_dot_action() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  surface text := tg_argv[0];
  row_before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  row_after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
begin
  perform iu_core.assert_marker(surface, iu_core.operation_of(surface, row_before, row_after));
  return coalesce(new, old);
end $$;

-- Statement trigger: refuses raw SQL even where it meets no row, so that an empty table answers like a full one.
create function public.fn_assert_dot_statement() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if current_user <> 'c1_gateway' or not iu_core.inside_gateway() or (iu_core.current_run()).request_id is null then
    perform iu_core.raise_bypass(lower(tg_op) || ' on ' || tg_table_name);
  end if;
  return null;
end $$;

create function public.fn_refuse_truncate() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.raise_bypass('truncate of ' || tg_table_name);
  return null;
end $$;

create function public.fn_record_delta() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  surface text := tg_argv[0];
  row_before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  row_after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
begin
  perform iu_core.observe(surface, iu_core.key_of(surface, coalesce(row_after, row_before)),
    iu_core.operation_of(surface, row_before, row_after),
    iu_core.image_of(surface, row_before), iu_core.image_of(surface, row_after));
  return null;
end $$;

-- No tool or contract row without birth, admission and a live ledger entry.
create function iu_core.assert_lifecycle(p_dot_code text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  missing text[] := array_remove(array[
    case when not exists (select from public.birth_registry b where b.dot_code = p_dot_code and b.status = 'born') then 'birth' end,
    case when not exists (select from public.admission_record a where a.dot_code = p_dot_code and a.status = 'admitted') then 'admission' end,
    case when not exists (select from iu_core.v_ledger_live l where l.subject = 'admission/' || p_dot_code
                            and l.entry_kind = 'admission' and l.direction = 'apply') then 'ledger entry' end
  ], null);
begin
  if cardinality(missing) > 0 then
    perform iu_core.refuse('HOLD_ADMISSION_MISSING_OR_INVALID', 'C1H00', p_dot_code || ' without ' || array_to_string(missing, ', '),
      'a DOT that was born, admitted and entered in the ledger', 'npx pulumi up, which applies W2 first');
  end if;
end $$;

create function public.fn_birth_gate() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.assert_lifecycle(to_jsonb(new) ->> tg_argv[0]);
  return new;
end $$;

-- Write-once: history rows are never changed or deleted, whoever asks.
create function public.fn_history_only_grows() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.refuse('GOVERNED_C1_DRYRUN_REJECT_DOT_BYPASS', 'C1R00', lower(tg_op) || ' on ' || tg_table_name,
    'an insert: history is superseded, never changed', 'append a newer entry by its DOT');
  return null;
end $$;

-- The vocabulary table: a row says for good what an operation means.
create function public.fn_vocab_write_once() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'DELETE' then
    perform iu_core.refuse('REJECT_ROLLBACK_DELETE', 'C1R00', 'a delete of a vocabulary row', 'a supersession',
      'nothing: vocabulary rows are never deleted');
  end if;
  perform iu_core.refuse('REJECT_SEMANTIC_REWRITE', 'C1R00', 'an update of a vocabulary row',
    'a new row under a new protocol_version', 'add the new version instead');
  return null;
end $$;

-- iu_core itself: only gateway functions write it, so that no marker, claim or approval is forged by hand.
create function iu_core.fn_guard_bookkeeping() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if (tg_op in ('DELETE', 'TRUNCATE') and tg_argv[0] = 'only grows') or current_user <> 'c1_gateway' or not iu_core.inside_gateway() then
    perform iu_core.raise_bypass(lower(tg_op) || ' on iu_core.' || tg_table_name);
  end if;
  return coalesce(new, old);
end $$;

-- A run whose marker was stamped must be closed, with the planned deltas, by the end of its transaction.
create function iu_core.fn_run_is_closed() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from iu_core.dot_run r where r.request_id = new.request_id and r.outcome = 'intent' and r.xid is not null) then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'a commit of run ' || new.request_id || ' that was not closed',
      'iu_core.close_run before the commit', 'run the DOT again');
  end if;
  return null;
end $$;

do $$
declare
  s record;
begin
  for s in select surface, governed_table, kind from iu_core.surface where governed_table like 'public.%' loop
    execute format('create trigger a_assert_dot before insert or update or delete on %s for each row execute function public.fn_assert_safe_for_dot_action(%L)', s.governed_table, s.surface);
    execute format('create trigger a_assert_statement before insert or update or delete on %s for each statement execute function public.fn_assert_dot_statement()', s.governed_table);
    execute format('alter table %s enable always trigger a_assert_statement', s.governed_table);
    execute format('create trigger a_refuse_truncate before truncate on %s for each statement execute function public.fn_refuse_truncate()', s.governed_table);
    execute format('create trigger z_record_delta after insert or update or delete on %s for each row execute function public.fn_record_delta(%L)', s.governed_table, s.surface);
    execute format('alter table %s enable always trigger a_assert_dot', s.governed_table);
    execute format('alter table %s enable always trigger a_refuse_truncate', s.governed_table);
    execute format('alter table %s enable always trigger z_record_delta', s.governed_table);
  end loop;
end $$;

create trigger b_birth_gate before insert on public.dot_tools for each row execute function public.fn_birth_gate('code');
alter table public.dot_tools enable always trigger b_birth_gate;
create trigger b_birth_gate before insert on public.dot_agent_api_contract for each row execute function public.fn_birth_gate('dot_code');
alter table public.dot_agent_api_contract enable always trigger b_birth_gate;

create trigger b_only_grows before update or delete on public.dot_ledger for each row execute function public.fn_history_only_grows();
alter table public.dot_ledger enable always trigger b_only_grows;
create trigger b_only_grows before update or delete on public.vps_deploy_log for each row execute function public.fn_history_only_grows();
alter table public.vps_deploy_log enable always trigger b_only_grows;
create trigger b_only_grows before update or delete on public.kb_document for each row execute function public.fn_history_only_grows();
alter table public.kb_document enable always trigger b_only_grows;
create trigger b_only_grows before update or delete on public.apr_approvals for each row execute function public.fn_history_only_grows();
alter table public.apr_approvals enable always trigger b_only_grows;

do $$
declare
  t text;
begin
  foreach t in array array['surface', 'dot', 'dot_surface', 'object_definition', 'created_object', 'dot_run', 'claim',
                           'plan_statement', 'approved_delta', 'baseline', 'setting', 'install'] loop
    -- Copies of domain data may shrink when the installer brings a new version; the rest only ever grows.
    execute format('create trigger a_guard before insert or update or delete on iu_core.%I for each row execute function iu_core.fn_guard_bookkeeping(%L)',
      t, case when t in ('surface', 'dot', 'dot_surface', 'object_definition') then 'installed' else 'only grows' end);
    execute format('create trigger a_guard_statement before insert or update or delete on iu_core.%I for each statement execute function iu_core.fn_guard_bookkeeping(%L)',
      t, case when t in ('surface', 'dot', 'dot_surface', 'object_definition') then 'installed' else 'only grows' end);
    execute format('alter table iu_core.%I enable always trigger a_guard_statement', t);
    execute format('create trigger a_guard_truncate before truncate on iu_core.%I for each statement execute function iu_core.fn_guard_bookkeeping(''only grows'')', t);
    execute format('alter table iu_core.%I enable always trigger a_guard', t);
    execute format('alter table iu_core.%I enable always trigger a_guard_truncate', t);
  end loop;
end $$;

create constraint trigger z_run_is_closed after insert or update on iu_core.dot_run deferrable initially deferred
  for each row execute function iu_core.fn_run_is_closed();
alter table iu_core.dot_run enable always trigger z_run_is_closed;
