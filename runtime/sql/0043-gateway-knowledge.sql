-- The knowledge base (dot-kb-write): a document is only ever appended to. A newer revision supersedes the live one, which is
-- recorded as part of the run although its row stays as it was written.

-- The live revision of a document, which must be this stack's own; null where there is none.
create function iu_core.own_document(p_doc_id text) returns iu_core.v_kb_document
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  live iu_core.v_kb_document;
begin
  select * into live from iu_core.v_kb_document k where k.doc_id = p_doc_id and k.status = 'current';
  if live.doc_id is not null and not exists (select from iu_core.claim c where c.surface = 'kb_document' and c.status = 'live'
       and c.key = format('%s/%s', live.doc_id, live.revision) and c.stack = (iu_core.current_run()).stack) then
    perform iu_core.refuse('HOLD_SURFACE_EXISTS', 'C1H00', format('a live document %s that this stack did not write', p_doc_id),
      'no such document, or one of this stack', 'ask its owner');
  end if;
  return live;
end $$;

create function iu_core.assert_revision(r public.kb_document, p_live iu_core.v_kb_document) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  direction text := (iu_core.current_run()).direction;
  newest integer := (select coalesce(max(k.revision), 0) from public.kb_document k where k.doc_id = r.doc_id);
begin
  if r.revision is distinct from newest + 1 or r.sha256 is distinct from iu_core.digest(r.body)
     or r.status is distinct from (case direction when 'apply' then 'current' else 'retired' end)
     or (direction = 'apply') = (r.package_sha256 is null) then
    perform iu_core.refuse('ERROR_PAYLOAD_INVALID', 'C1E00',
      format('revision %s of %s, %s, after revision %s', r.revision, r.doc_id, r.status, newest),
      'the next revision with the digest of its body; current with a package in an apply, retired without one in a retire',
      'run the bin of the DOT');
  end if;
  if direction = 'retire' and p_live.doc_id is null then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'no live document ' || r.doc_id, 'one to be superseded', 'npx pulumi preview');
  end if;
end $$;

create function iu_core.kb_document_insert(r public.kb_document) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  live iu_core.v_kb_document;
begin
  perform iu_core.assert_marker('kb_document', 'insert');
  perform pg_advisory_xact_lock(hashtextextended('iu_core.kb_document/' || r.doc_id, 0));
  live := iu_core.own_document(r.doc_id);
  perform iu_core.assert_revision(r, live);
  insert into public.kb_document (doc_id, revision, title, body, sha256, package_sha256, status)
  values (r.doc_id, r.revision, r.title, r.body, r.sha256, r.package_sha256, r.status);
  if live.doc_id is not null then
    perform iu_core.assert_marker('kb_document', 'retire');
    perform iu_core.observe('kb_document', format('%s/%s', live.doc_id, live.revision), 'retire',
      iu_core.image_of('kb_document', to_jsonb(live)),
      iu_core.image_of('kb_document', to_jsonb(live) || '{"status": "superseded"}'));
  end if;
end $$;
