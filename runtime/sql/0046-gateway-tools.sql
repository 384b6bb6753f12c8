-- Gateway functions of dot_tools, its catalogue and the agent contracts; the birth gate on the tables does the rest.

-- The handbook entry of a run is about the run's subject: a second tool row in the same run would have none of its own.
create function iu_core.assert_own_entry(p_code text, p_operation text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  run iu_core.dot_run := iu_core.assert_marker('dot_tools', p_operation);
begin
  if run.subject is distinct from 'dot_tools/' || p_code then
    perform iu_core.refuse('C1_LEGO_PLAN_HOLD_DOT_MANAGEMENT_LEDGER_NOT_UPDATED', 'C1H00',
      format('%s of tool %s in a run about %s', p_operation, coalesce(p_code, 'null'), run.subject),
      'a run about this tool, whose entry the handbook then has', 'dot-dot-register-c1-hardened --only, one DOT at a time');
  end if;
end $$;

-- Only the eight DOTs of C1, each with its own name and file: born and admitted or not, nothing of the backlog comes in.
create function iu_core.assert_tool(r public.dot_tools) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from iu_core.dot d where d.dot_code = r.code and d.dot_code like 'DOT\_C1\_%' and r.name = d.bin
                   and r.file_path = '/opt/incomex/dot/bin/' || d.bin and r.status = 'active') then
    perform iu_core.refuse('C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED', 'C1H00',
      format('a tool row of %s as %s at %s', r.code, r.name, r.file_path), 'one of the eight C1 DOTs under its own name and file',
      'dot-dot-register-c1-hardened --cloud --only-prefix dot-c1- --dry-run, and look at its files');
  end if;
end $$;

create function iu_core.dot_tools_insert(r public.dot_tools) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.assert_own_entry(r.code, 'insert');
  perform iu_core.assert_tool(r);
  insert into public.dot_tools (code, name, category, coverage_status, file_path, trigger, status)
  values (r.code, r.name, r.category, r.coverage_status, r.file_path, r.trigger, r.status);
end $$;

create function iu_core.dot_tools_reinstate(r public.dot_tools) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  perform iu_core.assert_own_entry(r.code, 'reinstate');
  perform iu_core.assert_tool(r);
  perform iu_core.assert_lifecycle(r.code);
  update public.dot_tools t set name = r.name, category = r.category, coverage_status = r.coverage_status,
         file_path = r.file_path, trigger = r.trigger, status = r.status
   where t.code = r.code and t.status = 'retired';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a retired tool row of ' || r.code);
end $$;

-- A DOT that still has a live contract stays a tool, and so does the one that retires C1's contracts.
create function iu_core.dot_tools_retire(r public.dot_tools) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  perform iu_core.assert_own_entry(r.code, 'retire');
  if exists (select from public.dot_agent_api_contract c where c.contract_status <> 'retired'
               and (c.dot_code = r.code or (r.code = 'DOT_C1_CONTRACT_REGISTER' and c.dot_code like 'DOT\_C1\_%'))) then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'a live contract that needs ' || r.code, 'none', 'retire the contract first');
  end if;
  update public.dot_tools t set status = 'retired' where t.code = r.code and t.status = 'active';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'an active tool row of ' || r.code);
end $$;

-- Of the catalogue only the count of DOTs may change, and only to what is live at this moment. Registrations that are
-- under way are waited for, or they would be counted by nobody.
create function iu_core.meta_catalog_update(r public.meta_catalog) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  live bigint;
  n bigint;
begin
  perform iu_core.assert_marker('meta_catalog', 'update');
  if r.code is distinct from 'CAT-006' or not exists (select from public.meta_catalog m
       where m.code = r.code and (m.name, m.status) is not distinct from (r.name, r.status)) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('catalogue row %s as %s, %s', r.code, r.name, r.status),
      'CAT-006 with its name and status as they are: only its count changes', 'run the bin of the DOT');
  end if;
  lock table public.dot_tools in share mode;
  if (iu_core.current_run()).direction = 'retire' and exists (select from iu_core.v_c1_tool) then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'live C1 tools while the catalogue is to be released', 'none', 'retire the tools first');
  end if;
  live := (iu_core.count_rows('dot_tools')).live;
  if r.record_count is distinct from live then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', format('record_count %s of %s', coalesce(r.record_count::text, 'null'), r.code),
      format('the %s tools that are live', live), 'npx pulumi preview, and run the DOT again');
  end if;
  update public.meta_catalog m set record_count = r.record_count, updated_at = now()
   where m.code = r.code and m.status <> 'retired';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a live catalogue row ' || r.code);
end $$;

-- The two contracts of C1, exactly (executor.md, contract rows; twin of contractRow in domain/payloads.ts); null for
-- every other DOT: the KG contracts are nobody's business here.
create function iu_core.contract_of(p_dot_code text) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
return case p_dot_code
  when 'DOT_C1_VOCAB_BUILD' then jsonb_build_object('operation', 'build', 'role', 'producer', 'paired_dot', 'DOT_C1_VOCAB_VERIFY',
    'mode', 'DRY_RUN', 'endpoint_ref', 'http://incomex-agent-api-executor:8090/dispatch', 'contract_status', 'endpoint_bound')
  when 'DOT_C1_VOCAB_VERIFY' then jsonb_build_object('operation', 'verify', 'role', 'verifier', 'paired_dot', 'DOT_C1_VOCAB_BUILD',
    'mode', 'VERIFY_ONLY', 'endpoint_ref', null, 'contract_status', 'contract_ready')
  end || jsonb_build_object('dot_code', p_dot_code, 'output_namespace', 'DRYRUN-NS:dot:c1:vocab', 'no_mutation_assertion', true,
    'error_behavior', 'fail_closed_no_mutation', 'observation_write_policy', 'SIMULATED_DRY_RUN_ONLY_UNTIL_ENDPOINT');

-- Null-safe: a column left open is another contract.
create function iu_core.assert_contract(r public.dot_agent_api_contract) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  missing text;
begin
  if iu_core.contract_of(r.dot_code) is distinct from iu_core.image_of('dot_agent_api_contract', to_jsonb(r)) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', 'the contract ' || iu_core.image_of('dot_agent_api_contract', to_jsonb(r))::text,
      coalesce('exactly ' || iu_core.contract_of(r.dot_code)::text, 'one of the C1 pair'), 'see executor.md, contract rows');
  end if;
  -- The DOT that it is about, and the DOT that writes it.
  select needed.dot into missing from unnest(array[r.dot_code, 'DOT_C1_CONTRACT_REGISTER']) as needed(dot)
   where not exists (select from public.dot_tools t where t.code = needed.dot and t.status = 'active') limit 1;
  if missing is not null then
    perform iu_core.refuse('HOLD_ADMISSION_MISSING_OR_INVALID', 'C1H00', missing || ' without a tool row',
      'a DOT that was born and registered', 'npx pulumi up, which applies W4 first');
  end if;
end $$;

create function iu_core.dot_agent_api_contract_insert(r public.dot_agent_api_contract) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.assert_contract(r);
  insert into public.dot_agent_api_contract (dot_code, operation, role, paired_dot, mode, output_namespace, no_mutation_assertion,
    endpoint_ref, error_behavior, observation_write_policy, contract_status)
  values (r.dot_code, r.operation, r.role, r.paired_dot, r.mode, r.output_namespace, r.no_mutation_assertion,
    r.endpoint_ref, r.error_behavior, r.observation_write_policy, r.contract_status);
end $$;

create function iu_core.dot_agent_api_contract_reinstate(r public.dot_agent_api_contract) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  perform iu_core.assert_contract(r);
  perform iu_core.assert_lifecycle(r.dot_code);
  update public.dot_agent_api_contract c set operation = r.operation, role = r.role, paired_dot = r.paired_dot, mode = r.mode,
         output_namespace = r.output_namespace, no_mutation_assertion = r.no_mutation_assertion, endpoint_ref = r.endpoint_ref,
         error_behavior = r.error_behavior, observation_write_policy = r.observation_write_policy, contract_status = r.contract_status
   where c.dot_code = r.dot_code and c.contract_status = 'retired';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a retired contract of ' || r.dot_code);
end $$;

create function iu_core.dot_agent_api_contract_retire(r public.dot_agent_api_contract) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  perform iu_core.assert_marker('dot_agent_api_contract', 'retire');
  if iu_core.contract_of(r.dot_code) is null then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', 'a retire of the contract of ' || coalesce(r.dot_code, 'null'),
      'one of the C1 pair', 'see executor.md, contract rows');
  end if;
  update public.dot_agent_api_contract c set contract_status = 'retired'
   where c.dot_code = r.dot_code and c.contract_status <> 'retired';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a live contract of ' || r.dot_code);
end $$;
