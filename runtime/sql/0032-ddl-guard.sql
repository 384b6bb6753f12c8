-- Event triggers: DDL only inside a run of a DOT that may write schema objects. They cannot tell schemas apart, so they
-- refuse everywhere. Only a superuser may own them.
create function iu_core.fn_guard_ddl() returns event_trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  run iu_core.dot_run := iu_core.current_run();
begin
  if current_user <> 'c1_gateway' or not iu_core.inside_gateway() or run.request_id is null
     or not exists (select from iu_core.dot_surface m where m.dot_code = run.dot_code and m.surface = 'schema_object') then
    perform iu_core.raise_bypass(tg_tag);
  end if;
end $$;

create event trigger "iu_create.gateway" on ddl_command_start execute function iu_core.fn_guard_ddl();
alter event trigger "iu_create.gateway" enable always;
create event trigger "iu_create.gateway.drop" on sql_drop execute function iu_core.fn_guard_ddl();
alter event trigger "iu_create.gateway.drop" enable always;
