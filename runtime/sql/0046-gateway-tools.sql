-- Gateway functions of dot_tools and the agent contracts; the birth gate on the tables does the rest.

create function iu_core.dot_tools_reinstate(r public.dot_tools) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  perform iu_core.assert_lifecycle(r.code);
  update public.dot_tools t set name = r.name, category = r.category, coverage_status = r.coverage_status,
         file_path = r.file_path, trigger = r.trigger, status = r.status
   where t.code = r.code and t.status = 'retired';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a retired tool row of ' || r.code);
end $$;

-- A DOT that still has a live contract stays a tool.
create function iu_core.dot_tools_retire(r public.dot_tools) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  if exists (select from public.dot_agent_api_contract c where c.dot_code = r.code and c.contract_status <> 'retired') then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'a live contract of ' || r.code, 'none', 'retire the contract first');
  end if;
  update public.dot_tools t set status = 'retired' where t.code = r.code and t.status = 'active';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'an active tool row of ' || r.code);
end $$;
