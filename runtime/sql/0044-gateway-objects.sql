-- Gateway functions of schema objects and Directus collections. Only objects that iu_core.object_definition names can be
-- made or removed; no statement text ever comes from a caller.

create function iu_core.definition_of(p_name text, p_kinds text[]) returns iu_core.object_definition
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  found_definition iu_core.object_definition;
begin
  select * into found_definition from iu_core.object_definition d where d.name = p_name and d.kind = any (p_kinds);
  if found_definition.name is null then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', 'object ' || quote_literal(p_name),
      'one that iu_core.object_definition names: C1 only', 'see domain/objects.ts');
  end if;
  return found_definition;
end $$;

create function iu_core.object_image(p_name text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
return (select to_jsonb(o) from iu_core.v_schema_object o where o.name = p_name);

create function iu_core.assert_object_absent(p_name text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if iu_core.object_image(p_name) is not null then
    perform iu_core.refuse('HOLD_SURFACE_EXISTS', 'C1H00', p_name || ' in the catalogue', 'none',
      'find who made it; nothing here adopts or overwrites it');
  end if;
end $$;

create function iu_core.remember_object(p_definition iu_core.object_definition, p_oid oid) returns void
language sql set search_path = pg_catalog, pg_temp
begin atomic
  insert into iu_core.created_object (name, source_sha256, catalog_sha256, request_id)
  values (p_definition.name, p_definition.source_sha256, iu_core.catalog_sha256(p_definition.kind, p_oid),
          (iu_core.current_run()).request_id)
  on conflict (name) do update set source_sha256 = excluded.source_sha256, catalog_sha256 = excluded.catalog_sha256,
    request_id = excluded.request_id;
end;

create function iu_core.schema_object_insert(p_name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  definition iu_core.object_definition := iu_core.definition_of(p_name, array['schema', 'function', 'view']);
begin
  perform iu_core.assert_marker('schema_object', 'insert');
  perform iu_core.assert_object_absent(p_name);
  execute definition.source;
  case definition.kind
    when 'schema' then
      execute format('grant usage on schema %I to c1_reader', p_name);
      perform iu_core.remember_object(definition, p_name::regnamespace::oid);
    when 'function' then
      execute format('revoke execute on function %s from public', p_name);
      execute format('grant execute on function %s to c1_reader', p_name);
      perform iu_core.remember_object(definition, p_name::regprocedure::oid);
    when 'view' then
      execute format('grant select on %s to c1_reader', p_name);
      perform iu_core.remember_object(definition, p_name::regclass::oid);
  end case;
  perform iu_core.observe('schema_object', p_name, 'insert', null, iu_core.object_image(p_name));
end $$;

create function iu_core.schema_object_retire(p_name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  definition iu_core.object_definition := iu_core.definition_of(p_name, array['schema', 'function', 'view']);
  image jsonb := iu_core.object_image(p_name);
begin
  perform iu_core.assert_marker('schema_object', 'retire');
  execute format('drop %s %s restrict', definition.kind, p_name);
  perform iu_core.observe('schema_object', p_name, 'retire', image, null);
end $$;

-- Column definitions of a new table; types come from a closed list, names are quoted.
create function iu_core.column_list(p_columns jsonb) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from jsonb_array_elements(p_columns) c
              where c ->> 'type' not in ('text', 'integer', 'boolean', 'jsonb', 'timestamp with time zone')) then
    perform iu_core.refuse('ERROR_PAYLOAD_INVALID', 'C1E00', 'a column of type not allowed',
      'text, integer, boolean, jsonb or timestamp with time zone', 'correct the payload');
  end if;
  return (select string_agg(format('%I %s%s', c.value ->> 'name', c.value ->> 'type',
            case when (c.value ->> 'nullable')::boolean then '' else ' not null' end), ', ' order by c.ordinality)
          from jsonb_array_elements(p_columns) with ordinality c);
end $$;

create function iu_core.add_fields(p_fields jsonb) returns void
language sql set search_path = pg_catalog, pg_temp
begin atomic
  insert into public.directus_fields (collection, field, special, interface, options, display, display_options, readonly, hidden,
    sort, width, translations, note, conditions, required, "group", validation, validation_message)
  select f.collection, f.field, f.special, f.interface, f.options, f.display, f.display_options, f.readonly, f.hidden,
    f.sort, f.width, f.translations, f.note, f.conditions, f.required, f."group", f.validation, f.validation_message
  from jsonb_populate_recordset(null::public.directus_fields, p_fields) f;
end;

-- A collection is named like its table: the rows of another one are none of this gateway's business.
create function iu_core.assert_own_collection(p_table text, p_collection text, p_fields jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if split_part(p_table, '.', 2) is distinct from p_collection or exists (select from jsonb_array_elements(p_fields) f
       where f ->> 'collection' is distinct from p_collection) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', 'rows of another collection than that of ' || p_table,
      'collection ' || split_part(p_table, '.', 2), 'correct the payload');
  end if;
end $$;

-- Table, Directus collection and fields in one go; refuses where the table exists, as the house DOT always did.
create function iu_core.collection_insert(p_name text, p_columns jsonb, p_collection jsonb, p_fields jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  definition iu_core.object_definition := iu_core.definition_of(p_name, array['table']);
begin
  perform iu_core.assert_marker('schema_object', 'insert');
  perform iu_core.assert_own_collection(p_name, p_collection ->> 'collection', p_fields);
  perform iu_core.assert_object_absent(p_name);
  execute format('create table %s (%s)', p_name, iu_core.column_list(p_columns));
  execute format('grant select on %s to c1_reader', p_name);
  perform iu_core.remember_object(definition, p_name::regclass::oid);
  perform iu_core.observe('schema_object', p_name, 'insert', null, iu_core.object_image(p_name));
  insert into public.directus_collections select * from jsonb_populate_record(null::public.directus_collections, p_collection);
  perform iu_core.add_fields(p_fields);
end $$;

create function iu_core.assert_table_empty(p_name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  -- By regclass: a name that is more than a name would run as the gateway.
  execute format('select count(*) from %s', p_name::regclass) into n;
  if n > 0 then
    perform iu_core.refuse('REJECT_ROLLBACK_DELETE', 'C1R00', format('%s rows in %s', n, p_name), 'an empty table',
      'nothing: a non-empty vocabulary table is never dropped');
  end if;
end $$;

create function iu_core.collection_retire(p_name text, p_collection text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  definition iu_core.object_definition := iu_core.definition_of(p_name, array['table']);
  image jsonb := iu_core.object_image(p_name);
begin
  perform iu_core.assert_marker('schema_object', 'retire');
  perform iu_core.assert_own_collection(p_name, p_collection, '[]');
  perform iu_core.assert_table_empty(p_name);
  delete from public.directus_fields f where f.collection = p_collection;
  delete from public.directus_collections c where c.collection = p_collection;
  execute format('drop table %s restrict', p_name);
  perform iu_core.observe('schema_object', p_name, 'retire', image, null);
end $$;

-- What makes the vocabulary a governed table: composite primary key, audit columns, write-once and truncate guards.
create function iu_core.table_contract_update(p_name text, p_fields jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  definition iu_core.object_definition := iu_core.definition_of(p_name, array['table']);
  image jsonb := iu_core.object_image(p_name);
begin
  perform iu_core.assert_marker('schema_object', 'update');
  perform iu_core.assert_own_collection(p_name, split_part(p_name, '.', 2), p_fields);
  execute format('alter table %s add primary key (operation_code, protocol_version),
                    add column created_at timestamptz not null default now(),
                    add column created_by text not null default session_user', p_name);
  execute format('create trigger a_assert_dot before insert or update or delete on %s for each row
                    execute function public.fn_assert_safe_for_dot_action(%L)', p_name, definition.name);
  execute format('create trigger a_refuse_truncate before truncate on %s for each statement
                    execute function public.fn_refuse_truncate()', p_name);
  execute format('create trigger b_write_once before update or delete on %s for each row
                    execute function public.fn_vocab_write_once()', p_name);
  execute format('alter table %s enable always trigger a_assert_dot, enable always trigger a_refuse_truncate,
                    enable always trigger b_write_once', p_name);
  perform iu_core.remember_object(definition, p_name::regclass::oid);
  perform iu_core.observe('schema_object', p_name, 'update', image, iu_core.object_image(p_name));
  perform iu_core.add_fields(p_fields);
end $$;

create function iu_core.table_contract_revert(p_name text, p_collection text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  definition iu_core.object_definition := iu_core.definition_of(p_name, array['table']);
  image jsonb := iu_core.object_image(p_name);
begin
  perform iu_core.assert_marker('schema_object', 'update');
  perform iu_core.assert_own_collection(p_name, p_collection, '[]');
  perform iu_core.assert_table_empty(p_name);
  delete from public.directus_fields f where f.collection = p_collection and f.field in ('created_at', 'created_by');
  execute format('drop trigger a_assert_dot on %s', p_name);
  execute format('drop trigger a_refuse_truncate on %s', p_name);
  execute format('drop trigger b_write_once on %s', p_name);
  -- The key columns keep their not-null, which they had before the key.
  execute format('alter table %s drop column created_at, drop column created_by, drop constraint %I', p_name,
    (select c.conname from pg_constraint c where c.conrelid = p_name::regclass and c.contype = 'p'));
  perform iu_core.remember_object(definition, p_name::regclass::oid);
  perform iu_core.observe('schema_object', p_name, 'update', image, iu_core.object_image(p_name));
end $$;

-- Closed under live rows, a baseline would leave them uncounted for good: their retire would then count below zero.
create function iu_core.assert_nothing_live() returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  live text := (select string_agg(c.surface || '/' || c.key, ', ' order by c.surface, c.key)
                  from iu_core.claim c join iu_core.surface s on s.surface = c.surface
                 where c.status = 'live' and s.kind in ('state', 'catalog'));
begin
  if live is not null then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'live rows while the baseline is to be closed: ' || left(live, 500),
      'none of it live any more', 'retire that first; npx pulumi destroy goes in the right order');
  end if;
end $$;

-- The baseline: live counters and a digest per surface, against which everything else is proven unchanged.
create function iu_core.baseline_write(p_stack text, p_status text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  before_image jsonb := iu_core.image_of('baseline', (select to_jsonb(b) from iu_core.v_baseline b));
  after_image jsonb;
  operation text;
begin
  perform pg_advisory_xact_lock(hashtext('iu_core.ledger'));
  after_image := jsonb_build_object('runtime', 'c1', 'stack', p_stack, 'status', p_status);
  operation := iu_core.operation_of('baseline', before_image, after_image);
  perform iu_core.assert_marker('baseline', operation);
  if operation = 'retire' then
    perform iu_core.assert_nothing_live();
  end if;
  insert into iu_core.baseline (stack, status, journal_position, counters, digests)
  values (p_stack, p_status, (select coalesce(max(r.applied_seq), 0) from iu_core.dot_run r),
          (select jsonb_object_agg(c.surface, c.live) from iu_core.surface_counters() c),
          (select jsonb_object_agg(s.surface, iu_core.undone_digest(s.surface, 9223372036854775807)) from iu_core.surface s
            where s.kind <> 'bookkeeping'));
  perform iu_core.observe('baseline', 'c1', operation, before_image, after_image);
end $$;
