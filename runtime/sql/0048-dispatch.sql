-- The gate before the executor: contract, gates, mode, target. It produces nothing and changes nothing; outputs come from
-- the executor. It runs with the rights of who asks, and being stable it could not write if it wanted to.

-- Whether a mode is REAL_RUN in whatever dress. Twin of isRealRun in domain/decision/request-checks.ts.
create function iu_core.is_real_run(mode text) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return coalesce(upper(regexp_replace(translate(normalize(left(mode, 10000), NFKD),
    'АаΑαᎪꭺᴀЕеΕεᎬꭼᴇᏞꮮⳐⳑʟᎡꮁƦʀՍսΥυᴜΝνⲚⲛɴ', 'AAAAAAAEEEEEEELLLLLRRRRUUUUUNNNNN'),
  '[^A-Za-z]', '', 'g') collate "C") like '%REALRUN%', false);

-- What a namespace is when it is not the contract's: another dry run's is out of scope, anything else is production.
create function iu_core.refuse_namespace(target text, namespace text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if target is distinct from namespace then
    perform iu_core.refuse(case when starts_with(target, 'DRYRUN-NS:') then 'REJECT_SCOPE_NOT_C1' else 'REJECT_PRODUCTION_TARGET' end,
      'C1R00', format('target %s', coalesce(left(target, 200), 'null')), namespace, 'use the namespace of the contract');
  end if;
end $$;

create function iu_core.refuse_malformed(seen text, expected text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.refuse('REJECT_MALFORMED_REQUEST', 'C1R00', left(seen, 200), expected, 'correct the request');
end $$;

-- The live contract of a code that this runtime serves: the KG pair, and C1's own once W5 has registered it.
create function iu_core.dispatch_contract(p_code text) returns public.dot_agent_api_contract
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  served text[] := array['DOT_KG_EXPLAIN', 'DOT_KG_EXPLAIN_VERIFY', 'DOT_C1_VOCAB_BUILD', 'DOT_C1_VOCAB_VERIFY'];
  contract public.dot_agent_api_contract;
begin
  if p_code <> all (served) then
    perform iu_core.refuse('REJECT_SCOPE_NOT_C1', 'C1R00', format('dot_code %s', left(p_code, 200)), array_to_string(served, ', '),
      'nothing: C2 to C7 and anything wider are out of scope');
  end if;
  select c.* into contract from public.dot_agent_api_contract c
   where c.dot_code = p_code and c.no_mutation_assertion and c.error_behavior = 'fail_closed_no_mutation'
     and c.contract_status = case c.role when 'producer' then 'endpoint_bound' else 'contract_ready' end;
  if not found then
    perform iu_core.refuse('HOLD_ADMISSION_MISSING_OR_INVALID', 'C1H00', format('%s without a live contract', p_code),
      'a contract that asserts no mutation, endpoint_bound or contract_ready', 'npx pulumi up, whose step W5 registers it');
  end if;
  return contract;
end $$;

create function iu_core.assert_gates_closed() returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from public.dot_runtime_gate g where g.gate = 'global'
                  and g.dry_run_only and not g.execute_enabled and not g.real_run_enabled) then
    perform iu_core.refuse('C1_PROD_REAL_RUN_BLOCKED', 'C1R00', 'a runtime gate that is missing or stands open',
      'dry_run_only=true, execute_enabled=false, real_run_enabled=false', 'nothing: nobody opens a gate here');
  end if;
end $$;

-- A dry run needs somebody to do it. C1's also needs both authorizations, whose signatures no database can check: that is
-- the executor's to do, which makes the dry run. What passes here is made by nobody yet.
create function iu_core.assert_dry_run(contract public.dot_agent_api_contract) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if contract.endpoint_ref is null then
    perform iu_core.refuse('HOLD_ENDPOINT_MISSING', 'C1H00', format('%s without endpoint_ref', contract.dot_code),
      'a contract that names its endpoint', 'use the mode of the contract, or PLAN_ONLY');
  end if;
end $$;

-- What may be done of what is asked for. Answers PLAN_ONLY and the mode of the contract; refuses everything else with a
-- registered code: a real run first, whatever else is wrong.
create function public.fn_process_agent_api_dispatch(dot_code text, mode text, request jsonb) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  asked_code alias for $1;
  asked_mode alias for $2;
  contract public.dot_agent_api_contract;
  unknown text;
begin
  if iu_core.is_real_run(asked_mode) or (jsonb_typeof(request) = 'object' and iu_core.is_real_run(request ->> 'mode')) then
    perform iu_core.refuse('C1_PROD_REAL_RUN_BLOCKED', 'C1R00', format('mode %s', coalesce(left(asked_mode, 200), 'null')),
      'PLAN_ONLY, or the mode of the contract', 'nothing: there is no real run here');
  end if;
  if asked_code is null or coalesce(asked_mode, '') not in ('PLAN_ONLY', 'DRY_RUN', 'VERIFY_ONLY') or coalesce(jsonb_typeof(request), '') <> 'object' then
    perform iu_core.refuse_malformed(format('dot_code %L, mode %L, request of type %s', left(asked_code, 60), left(asked_mode, 60),
      coalesce(jsonb_typeof(request), 'null')), 'a code, PLAN_ONLY, DRY_RUN or VERIFY_ONLY, and an object');
  end if;
  contract := iu_core.dispatch_contract(asked_code);
  if asked_mode not in ('PLAN_ONLY', contract.mode) then
    perform iu_core.refuse_malformed(format('mode %s for %s', asked_mode, asked_code), format('PLAN_ONLY or %s', contract.mode));
  end if;
  select k.key into unknown from jsonb_object_keys(request) k(key) where k.key not in ('target', 'rollback') order by k.key limit 1;
  if unknown is not null then
    perform iu_core.refuse_malformed(format('request.%s', unknown), 'target and rollback, or nothing');
  end if;
  perform iu_core.assert_gates_closed();
  if request ? 'target' then
    perform iu_core.refuse_namespace(request ->> 'target', contract.output_namespace);
  end if;
  if request ? 'rollback' and request -> 'rollback' <> '"retire"'::jsonb then
    perform iu_core.refuse('REJECT_ROLLBACK_DELETE', 'C1R00', format('rollback %s', left(request ->> 'rollback', 200)),
      'rollback retire, never a delete', 'retire it');
  end if;
  if asked_mode = 'DRY_RUN' then
    perform iu_core.assert_dry_run(contract);
  end if;
  return jsonb_build_object('validated', true, 'endpoint_present', contract.endpoint_ref is not null,
    'true_dry_run_possible', contract.endpoint_ref is not null and contract.mode = 'DRY_RUN', 'writes_db', false, 'write_obs', false);
end $$;
