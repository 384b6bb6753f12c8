-- Owners and rights, last. Nothing here belongs to a role that can log in; EXECUTE is given DOT by DOT.

do $$
declare
  r record;
begin
  for r in select c.oid::regclass as name, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('public', 'iu_core') and c.relkind in ('r', 'v', 'S')
              and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i') loop
    execute format('alter %s %s owner to c1_gateway', case r.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end, r.name);
  end loop;
  for r in select p.oid::regprocedure as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where n.nspname in ('public', 'iu_core') and p.prokind = 'f' loop
    execute format('alter function %s owner to c1_gateway', r.name);
    execute format('revoke execute on function %s from public', r.name);
  end loop;
end $$;

revoke all on schema public, iu_core from public;
grant usage on schema public, iu_core to c1_reader, c1_gateway;
grant select on all tables in schema public, iu_core to c1_reader;

-- Reads, and what triggers call in the name of whoever writes.
grant execute on function
  iu_core.refuse(text, text, text, text, text), iu_core.canonical_json(jsonb), iu_core.digest(jsonb),
  iu_core.delta_digest(text, text, jsonb), iu_core.ledger_entry_hash(public.dot_ledger), iu_core.images_hash(jsonb),
  iu_core.inside_gateway(), iu_core.current_run(), iu_core.raise_bypass(text), iu_core.assert_marker(text, text),
  iu_core.image_of(text, jsonb), iu_core.key_of(text, jsonb), iu_core.is_live(text, jsonb),
  iu_core.operation_of(text, jsonb, jsonb), iu_core.catalog_sha256(text, oid), iu_core.relation_lines(oid), iu_core.table_detail(oid),
  iu_core.catalogue_lines(), iu_core.role_lines(),
  iu_core.surface_rows(text, text[]), iu_core.count_rows(text), iu_core.by_digest(jsonb), iu_core.read_refs(jsonb), iu_core.surface_counters(),
  iu_core.undone_digest(text, bigint), iu_core.moved_surfaces(), iu_core.moved_since_install(), iu_core.verify_ledger(), iu_core.claim_drift(),
  iu_core.guard_digest(), iu_core.step_deltas(), iu_core.vocabulary_rows(), iu_core.tools_without_entry(), iu_core.tools_twice(),
  iu_core.content_sha256(jsonb), iu_core.expected_bins(), public.quorum_passed(text), iu_core.read_state(),
  iu_core.read_state_of_rows(), iu_core.read_state_of_guards(), iu_core.live_snapshot(), iu_core.is_real_run(text),
  iu_core.request_life(), iu_core.vote_life(), iu_core.is_past(public.apr_requests), iu_core.vote_counts(public.apr_approvals, timestamptz),
  iu_core.is_over(text, text), iu_core.plan_quorum(),
  iu_core.refuse_namespace(text, text), iu_core.refuse_malformed(text, text), iu_core.dispatch_contract(text), iu_core.assert_gates_closed(),
  iu_core.assert_dry_run(public.dot_agent_api_contract)
to c1_reader;

-- The gate of the executor: who reads for it, and C1's own DOTs.
do $$
declare
  r record;
begin
  for r in select d.login from iu_core.dot d where starts_with(d.dot_code, 'DOT_C1_')
           union all values ('executor_ro'), ('auditor_ro') loop
    execute format('grant execute on function public.fn_process_agent_api_dispatch(text, text, jsonb) to %I', r.login);
  end loop;
end $$;

-- Each DOT: the door, and the functions of the surfaces that the matrix gives it.
do $$
declare
  r record;
begin
  for r in select d.login, d.dot_code from iu_core.dot d loop
    execute format('grant execute on function iu_core.declare_run(text, text, jsonb, text), iu_core.open_run(text, text, jsonb, text),
      iu_core.close_run(text), iu_core.take_claim(text, jsonb, text, text) to %I', r.login);
  end loop;
  for r in select distinct d.login, p.oid::regprocedure as name from iu_core.dot_surface m
             join iu_core.dot d on d.dot_code = m.dot_code
             join pg_proc p on p.pronamespace = 'iu_core'::regnamespace and p.proname = m.surface || '_' || m.operation loop
    execute format('grant execute on function %s to %I', r.name, r.login);
  end loop;
end $$;

grant execute on function iu_core.collection_insert(text, jsonb, jsonb, jsonb), iu_core.collection_retire(text, text) to dot_collection_create;
grant execute on function iu_core.table_contract_update(text, jsonb), iu_core.table_contract_revert(text, text) to dot_schema_ensure;
grant execute on function iu_core.dot_ledger_append_admission(text) to dot_ledger_append;
grant execute on function iu_core.decide_plan(jsonb, text) to c1_voter;
grant execute on function iu_core.bind_handler(text, text), iu_core.unbind_handler(text) to dot_migration_apply;
grant execute on function iu_core.baseline_write(text, text) to dot_baseline_record;
revoke execute on function iu_core.schema_object_insert(text), iu_core.schema_object_retire(text) from dot_collection_create;
