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

-- A contract names a DOT that is a live tool, and its pair is C1's other half; the KG contracts are nobody's business here.
create function iu_core.assert_contract(r public.dot_agent_api_contract) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if (r.dot_code, r.paired_dot) not in (('DOT_C1_VOCAB_BUILD', 'DOT_C1_VOCAB_VERIFY'), ('DOT_C1_VOCAB_VERIFY', 'DOT_C1_VOCAB_BUILD'))
     or not r.no_mutation_assertion or r.output_namespace <> 'DRYRUN-NS:dot:c1:vocab' then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('a contract of %s with %s in %s', r.dot_code, r.paired_dot, r.output_namespace),
      'the C1 pair, without mutation, in DRYRUN-NS:dot:c1:vocab', 'see executor.md, contract rows');
  end if;
  if not exists (select from public.dot_tools t where t.code = r.dot_code and t.status = 'active') then
    perform iu_core.refuse('HOLD_ADMISSION_MISSING_OR_INVALID', 'C1H00', r.dot_code || ' without a tool row',
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
  perform iu_core.assert_contract(r);
  update public.dot_agent_api_contract c set contract_status = 'retired'
   where c.dot_code = r.dot_code and c.contract_status <> 'retired';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a live contract of ' || r.dot_code);
end $$;
