-- What only the installer calls, as superuser; nobody else has EXECUTE. They write iu_core past its own guard.

-- The matrix and the settings decide what every gateway function may do. They change while event triggers are off, as
-- they are for a migration, and never by a call from an ordinary session, be it a superuser's.
create function iu_core.assert_installing(p_what text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if current_setting('event_triggers') <> 'off' then
    perform iu_core.raise_bypass(p_what);
  end if;
end $$;

create function iu_core.record_install(p_migration text, p_sha256 text, p_guard_digest text, p_bins jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into iu_core.install (migration, sha256, guard_digest, bins, digests)
  values (p_migration, p_sha256, p_guard_digest, p_bins, case when p_guard_digest is not null then coalesce(
    -- Other bins are no reason to look at the rows anew: a drift would vanish in it.
    (select i.digests from iu_core.install i where i.guard_digest = p_guard_digest order by i.seq desc limit 1),
    (select jsonb_object_agg(s.surface, iu_core.undone_digest(s.surface, 0)) from iu_core.surface s where s.kind <> 'bookkeeping')) end);
end $$;

-- A setting is set once, when the runtime is installed, and never again; only the template's "no approvals" gives way.
create function iu_core.put_setting(p_name text, p_value text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.assert_installing('a setting');
  insert into iu_core.setting as s (name, value) values (p_name, p_value)
    on conflict (name) do update set value = excluded.value where (s.name, s.value, excluded.value) = ('approvals', 'none', 'required');
end $$;

-- Makes the four tables equal to the domain data given; rows that are still referred to may not go away.
create function iu_core.put_domain(p_surfaces jsonb, p_dots jsonb, p_matrix jsonb, p_objects jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.assert_installing('a change of the matrix');
  insert into iu_core.surface select * from jsonb_populate_recordset(null::iu_core.surface, p_surfaces)
    on conflict (surface) do update set relation = excluded.relation, governed_table = excluded.governed_table,
      key_columns = excluded.key_columns, assigned_columns = excluded.assigned_columns,
      status_column = excluded.status_column, dead_values = excluded.dead_values, kind = excluded.kind;
  insert into iu_core.dot select * from jsonb_populate_recordset(null::iu_core.dot, p_dots)
    on conflict (dot_code) do update set bin = excluded.bin, login = excluded.login, ledgers = excluded.ledgers;
  delete from iu_core.dot_surface;
  insert into iu_core.dot_surface select * from jsonb_populate_recordset(null::iu_core.dot_surface, p_matrix);
  insert into iu_core.object_definition select * from jsonb_populate_recordset(null::iu_core.object_definition, p_objects)
    on conflict (name) do update set kind = excluded.kind, source = excluded.source, source_sha256 = excluded.source_sha256;
end $$;
