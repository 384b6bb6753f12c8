-- Canonical JSON and digests, computed by the database itself (executor.md, cser-v1; domain/canonical.ts is the twin).

create function iu_core.refuse(code text, sqlstate_class text, seen text, expected text, next text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using
    errcode = sqlstate_class,
    message = format('%s: seen %s, expected %s. Next: %s.', code, seen, expected, next);
end $$;

-- RFC 8785 for what row images hold: strings, whole numbers, booleans, null, arrays, objects with ASCII keys.
create function iu_core.canonical_json(value jsonb) returns text
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
begin
  case jsonb_typeof(value)
    when 'object' then
      return (select '{' || coalesce(string_agg(to_json(e.key)::text || ':' || case when jsonb_typeof(e.value) in ('object', 'array', 'number')
                then iu_core.canonical_json(e.value) else e.value::text end, ',' order by e.key collate "C"), '') || '}' from jsonb_each(value) e);
    when 'array' then
      return (select '[' || coalesce(string_agg(case when jsonb_typeof(e.value) in ('object', 'array', 'number')
                then iu_core.canonical_json(e.value) else e.value::text end, ',' order by e.ordinality), '') || ']'
                from jsonb_array_elements(value) with ordinality e);
    when 'number' then
      if value::numeric <> trunc(value::numeric) or abs(value::numeric) > 9007199254740991 then
        perform iu_core.refuse('ERROR_PAYLOAD_INVALID', 'C1E00', 'the number ' || value::text,
          'a whole number within 2^53-1', 'correct the payload');
      end if;
      return trunc(value::numeric)::text;
    else
      -- PostgreSQL writes a string, true, false and null as RFC 8785 does; the members of an object are spared a call each.
      return value::text;
  end case;
end $$;

create function iu_core.digest(value jsonb) returns text
language sql immutable strict parallel safe set search_path = pg_catalog, pg_temp
return encode(sha256(convert_to(iu_core.canonical_json(value), 'UTF8')), 'hex');

-- Twin of deltaDigest() in domain/deltas.ts.
create function iu_core.delta_digest(step text, direction text, deltas jsonb) returns text
language sql immutable strict parallel safe set search_path = pg_catalog, pg_temp
return iu_core.digest(jsonb_build_object('step', step, 'direction', direction, 'deltas', (
  select coalesce(jsonb_agg(jsonb_build_object('surface', d ->> 'surface', 'key', d ->> 'key', 'op', d ->> 'op',
           'before', d -> 'before', 'after', d -> 'after')
           order by d ->> 'surface' collate "C", d ->> 'key' collate "C"), '[]')
  from jsonb_array_elements(deltas) d)));

-- The canonical JSON of a ledger entry, written out: the chain is verified over every entry at each readback. Who wrote
-- it and when is part of it, or an entry could be given to another writer without breaking the chain.
create function iu_core.ledger_entry_hash(entry public.dot_ledger) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return encode(sha256(convert_to(
  '{"direction":' || to_json(entry.direction)::text || ',"dot_code":' || to_json(entry.dot_code)::text
  || ',"entry_kind":' || to_json(entry.entry_kind)::text || ',"image_hash":' || to_json(entry.image_hash)::text
  || ',"prev_hash":' || to_json(entry.prev_hash)::text || ',"request_id":' || coalesce(to_json(entry.request_id)::text, 'null')
  || ',"seq":' || entry.seq || ',"subject":' || to_json(entry.subject)::text
  || ',"supersedes":' || coalesce(entry.supersedes::text, 'null')
  || ',"written_at":"' || extract(epoch from entry.written_at at time zone 'UTC')::text
  || '","written_by":' || to_json(entry.written_by::text)::text || '}', 'UTF8')), 'hex');
