-- Gateway functions of table surfaces: <surface>_<operation>(row). Each takes the whole row, changes exactly one row and
-- refuses when the row is not in the state that the operation starts from. The guards on the table do the rest.

create function iu_core.assert_one_row(p_count bigint, p_what text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if p_count <> 1 then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', format('%s rows for %s', p_count, p_what), 'exactly one row',
      'npx pulumi preview');
  end if;
end $$;

create function iu_core.species_insert(r public.species) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into public.species (code, name, owner, description, status)
  values (r.code, r.name, r.owner, r.description, r.status);
end $$;

create function iu_core.species_update(r public.species) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  perform iu_core.assert_marker('species', 'update');
  -- Its owner column is what the caller says; the claim is what the runtime knows.
  if not exists (select from iu_core.claim c where c.surface = 'species' and c.key = r.code and c.status = 'live'
                   and c.stack = (iu_core.current_run()).stack) then
    perform iu_core.refuse('HOLD_SPECIES_OWNED_BY_OTHER', 'C1H00', 'species ' || r.code || ' without a claim of this stack',
      'a species that this stack registered', 'choose with its owner which of the two species is to be renamed');
  end if;
  update public.species s set name = r.name, description = r.description
   where s.code = r.code and s.owner = r.owner and s.status = 'active';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'an active species ' || r.code);
end $$;

create function iu_core.species_reinstate(r public.species) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  update public.species s set name = r.name, description = r.description, status = r.status
   where s.code = r.code and s.owner = r.owner and s.status = 'retired';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a retired species ' || r.code);
end $$;

-- A species that a living DOT was born into stays.
create function iu_core.species_retire(r public.species) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  if exists (select from public.birth_registry b where b.species_code = r.code and b.status = 'born') then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'DOTs born into species ' || r.code, 'none', 'retire the births first');
  end if;
  update public.species s set status = 'retired' where s.code = r.code and s.status = 'active';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'an active species ' || r.code);
end $$;

create function iu_core.assert_species(p_code text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from public.species s where s.code = p_code and s.status = 'active') then
    perform iu_core.refuse('HOLD_ADMISSION_MISSING_OR_INVALID', 'C1H00', 'no active species ' || p_code,
      'a species that was registered before', 'dot-species-register');
  end if;
end $$;

-- Who writes a birth is who it names: above all no frozen DOT.
create function iu_core.assert_born_by(r public.birth_registry) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if r.born_by <> (iu_core.current_run()).dot_code then
    perform iu_core.refuse(case when exists (select from public.dot_tools t where t.code = r.born_by and t.status like 'FROZEN%')
        then 'REJECT_FROZEN_DOT' else 'ERROR_PAYLOAD_INVALID' end, 'C1R00',
      format('a birth of %s by %s', r.dot_code, r.born_by), 'the DOT that writes it', 'correct the payload');
  end if;
end $$;

create function iu_core.birth_registry_insert(r public.birth_registry) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.assert_born_by(r);
  perform iu_core.assert_species(r.species_code);
  insert into public.birth_registry (dot_code, species_code, born_by, birth_path, reuse_reason, status)
  values (r.dot_code, r.species_code, r.born_by, r.birth_path, r.reuse_reason, r.status);
end $$;

create function iu_core.birth_registry_reinstate(r public.birth_registry) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  perform iu_core.assert_born_by(r);
  perform iu_core.assert_species(r.species_code);
  update public.birth_registry b set species_code = r.species_code, born_by = r.born_by, birth_path = r.birth_path,
         reuse_reason = r.reuse_reason, status = r.status
   where b.dot_code = r.dot_code and b.status = 'retired';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a retired birth of ' || r.dot_code);
end $$;

create function iu_core.birth_registry_retire(r public.birth_registry) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  if exists (select from public.admission_record a where a.dot_code = r.dot_code and a.status = 'admitted') then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'a live admission of ' || r.dot_code, 'none', 'retire the admission first');
  end if;
  update public.birth_registry b set status = 'retired' where b.dot_code = r.dot_code and b.status = 'born';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a living birth of ' || r.dot_code);
end $$;

create function iu_core.assert_born(p_code text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from public.birth_registry b where b.dot_code = p_code and b.status = 'born') then
    perform iu_core.refuse('HOLD_ADMISSION_MISSING_OR_INVALID', 'C1H00', p_code || ' without birth',
      'a DOT that was born before it is admitted', 'dot-birth-backfill --only ' || p_code);
  end if;
end $$;

create function iu_core.admission_record_insert(r public.admission_record) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.assert_born(r.dot_code);
  insert into public.admission_record (dot_code, authority, risk_class, admission_path, registration_path, retire_path, status)
  values (r.dot_code, r.authority, r.risk_class, r.admission_path, r.registration_path, r.retire_path, r.status);
end $$;

create function iu_core.admission_record_reinstate(r public.admission_record) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  perform iu_core.assert_born(r.dot_code);
  update public.admission_record a set authority = r.authority, risk_class = r.risk_class, admission_path = r.admission_path,
         registration_path = r.registration_path, retire_path = r.retire_path, status = r.status
   where a.dot_code = r.dot_code and a.status = 'retired';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a retired admission of ' || r.dot_code);
end $$;

-- A DOT that is still a live tool, or still in the ledger, stays admitted.
create function iu_core.admission_record_retire(r public.admission_record) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  if exists (select from public.dot_tools t where t.code = r.dot_code and t.status <> 'retired')
     or exists (select from iu_core.v_ledger_live l where l.subject = 'admission/' || r.dot_code and l.direction = 'apply') then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'a live tool row or ledger entry of ' || r.dot_code, 'none',
      'retire the tool row and the ledger entry first');
  end if;
  update public.admission_record a set status = 'retired' where a.dot_code = r.dot_code and a.status = 'admitted';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a live admission of ' || r.dot_code);
end $$;

-- The admission entry of the handbook, with the hash of the birth and admission rows that it stands for; in a retire run
-- the superseding entry.
create function iu_core.dot_ledger_append_admission(p_dot_code text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  run iu_core.dot_run := iu_core.current_run();
  birth jsonb := (select to_jsonb(b) from public.birth_registry b where b.dot_code = p_dot_code and b.status = 'born');
  admission jsonb := (select to_jsonb(a) from public.admission_record a where a.dot_code = p_dot_code and a.status = 'admitted');
begin
  perform iu_core.assert_born(p_dot_code);
  if admission is null then
    perform iu_core.refuse('HOLD_ADMISSION_MISSING_OR_INVALID', 'C1H00', p_dot_code || ' without admission',
      'a DOT that was admitted before it is entered', 'dot-admission-record --only ' || p_dot_code);
  end if;
  if run.direction = 'retire' and (exists (select from public.dot_tools t where t.code = p_dot_code and t.status <> 'retired')
       or exists (select from public.dot_agent_api_contract c where c.dot_code = p_dot_code and c.contract_status <> 'retired')) then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'a live tool row or contract of ' || p_dot_code, 'none',
      'retire the contract and the tool row first');
  end if;
  perform iu_core.append_ledger(run, 'admission/' || p_dot_code, 'admission', iu_core.digest(jsonb_build_array(
    iu_core.image_of('birth_registry', birth), iu_core.image_of('admission_record', admission))));
end $$;

create function iu_core.collection_registry_insert(r public.collection_registry) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtext('iu_core.collection_registry'));
  insert into public.collection_registry (code, collection, governance_role, species_code, migration_state, status)
  values ((select 'COL-' || lpad((coalesce(max(substr(c.code, 5)::integer), 0) + 1)::text, 3, '0') from public.collection_registry c),
          r.collection, r.governance_role, r.species_code, r.migration_state, r.status);
end $$;

create function iu_core.collection_registry_reinstate(r public.collection_registry) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  update public.collection_registry c set governance_role = r.governance_role, species_code = r.species_code,
         migration_state = r.migration_state, status = r.status
   where c.collection = r.collection and c.status = 'archived';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'an archived registry row of ' || r.collection);
end $$;

create function iu_core.collection_registry_retire(r public.collection_registry) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  update public.collection_registry c set status = 'archived' where c.collection = r.collection and c.status = 'active';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'an active registry row of ' || r.collection);
end $$;

create function iu_core.table_registry_insert(r public.table_registry) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into public.table_registry (schema, table_name, status) values (r.schema, r.table_name, r.status);
end $$;

create function iu_core.table_registry_reinstate(r public.table_registry) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  update public.table_registry t set status = r.status
   where t.schema = r.schema and t.table_name = r.table_name and t.status = 'archived';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, format('an archived registry row of %s.%s', r.schema, r.table_name));
end $$;

create function iu_core.table_registry_retire(r public.table_registry) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  update public.table_registry t set status = 'archived'
   where t.schema = r.schema and t.table_name = r.table_name and t.status = 'active';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, format('an active registry row of %s.%s', r.schema, r.table_name));
end $$;
