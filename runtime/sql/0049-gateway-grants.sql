-- Gateway functions of the build grant and of ownership (authority.md). A grant comes from one approved request and from
-- nothing else; what it says is what the request says, and that is exactly the dry run of C1.

create function iu_core.refuse_grant(p_code text, p_what text, p_seen text, p_expected text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.refuse(p_code, 'C1R00', format('%s %s of a grant', p_what, coalesce(p_seen, 'null')), p_expected,
    'ask for exactly the dry run of C1: npx pulumi up');
end $$;

-- Hash of the manifest, over bytes that the database canonicalised itself; null before W3.
create function iu_core.manifest_hash() returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  hash text;
begin
  if to_regprocedure('c1.manifest_bytes()') is null then
    return null;
  end if;
  execute 'select encode(sha256(c1.manifest_bytes()), ''hex'')' into hash;
  return hash;
end $$;

-- Since when the manifest is what it is. Twin of DECISION_READ in domain/decision/reads.ts.
create function iu_core.manifest_since() returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp
return greatest((select min(i.installed_at) from iu_core.install i),
  (select max(r.applied_at) from iu_core.dot_run r, jsonb_array_elements(r.observed) d
    where r.outcome = 'applied' and d ->> 'surface' = 'apr_action_types'
      and 'canonical_operation' in (d -> 'before' ->> 'act_type', d -> 'after' ->> 'act_type')));

create function iu_core.canonical_codes() returns text[]
language sql stable set search_path = pg_catalog, pg_temp
return (select coalesce(array_agg(a.action_code order by a.action_code collate "C"), '{}') from public.apr_action_types a
         where a.act_type = 'canonical_operation' and a.status = 'active');

-- What the request asks for, field by field; its checks have the codes of the verifier's (domain/decision/grant-checks.ts).
create function iu_core.assert_grant_action(a jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  namespace text := a #>> '{scope,namespace}';
  ttl numeric := case when jsonb_typeof(a -> 'ttl_seconds') = 'number' then (a ->> 'ttl_seconds')::numeric end;
begin
  if iu_core.is_real_run(coalesce(a ->> 'mode', '')) then
    perform iu_core.refuse_grant('C1_PROD_REAL_RUN_BLOCKED', 'mode', a ->> 'mode', 'DRY_RUN');
  elsif a ->> 'mode' is distinct from 'DRY_RUN' then
    perform iu_core.refuse_grant('REJECT_GENERIC_GRANT', 'mode', a ->> 'mode', 'DRY_RUN');
  elsif ttl is null or ttl < 1 or ttl > 604800 or ttl <> trunc(ttl) then
    perform iu_core.refuse_grant('REJECT_GRANT_TTL', 'ttl_seconds', a ->> 'ttl_seconds', '1 to 604800 whole seconds');
  elsif coalesce(a ->> 'manifest_hash', '') !~ '^[0-9a-f]{64}$' then
    perform iu_core.refuse_grant('REJECT_GRANT_UNBOUND', 'manifest_hash', a ->> 'manifest_hash', 'a SHA-256 in lower-case hex');
  elsif a ->> 'carrier' is distinct from 'C1' then
    perform iu_core.refuse_grant('REJECT_WRONG_CARRIER', 'carrier', a ->> 'carrier', 'C1');
  elsif a ->> 'lane' is distinct from 'dry_run' then
    perform iu_core.refuse_grant('REJECT_WRONG_LANE', 'lane', a ->> 'lane', 'dry_run');
  elsif a ->> 'plan_ref' is distinct from 'LEGO1-C1-PLAN' then
    perform iu_core.refuse_grant('REJECT_WRONG_PLAN', 'plan_ref', a ->> 'plan_ref', 'LEGO1-C1-PLAN');
  elsif namespace is not null and not starts_with(namespace, 'DRYRUN-NS:') then
    perform iu_core.refuse_grant('REJECT_PRODUCTION_TARGET', 'scope.namespace', namespace, 'DRYRUN-NS:dot:c1:vocab');
  elsif a -> 'scope' is distinct from '{"target": "DOT_C1_VOCAB_BUILD", "namespace": "DRYRUN-NS:dot:c1:vocab"}'::jsonb
     or (a -> 'commit_allowed', a -> 'requires_sovereign_esign') is distinct from ('false'::jsonb, 'false'::jsonb) then
    perform iu_core.refuse_grant('REJECT_SCOPE_NOT_C1', 'scope', left((a -> 'scope')::text, 300), 'exactly the dry run of DOT_C1_VOCAB_BUILD, no commit, no sovereign authority');
  elsif a -> 'single_use' is distinct from 'true'::jsonb then
    perform iu_core.refuse_grant('REJECT_GENERIC_GRANT', 'single_use', a ->> 'single_use', 'true');
  elsif a ->> 'rollback_plan_ref' is distinct from 'retire-not-delete' then
    perform iu_core.refuse_grant('REJECT_ROLLBACK_DELETE', 'rollback_plan_ref', a ->> 'rollback_plan_ref', 'retire-not-delete');
  elsif a -> 'action_set' is distinct from to_jsonb(iu_core.canonical_codes()) then
    perform iu_core.refuse_grant('REJECT_ACTION_SET_MISMATCH', 'action_set', left((a -> 'action_set')::text, 300), 'the canonical operations, sorted');
  elsif iu_core.manifest_hash() is distinct from (a ->> 'manifest_hash') and iu_core.manifest_hash() is not null then
    perform iu_core.refuse_grant('REJECT_MANIFEST_HASH_MISMATCH', 'manifest_hash', left(a ->> 'manifest_hash', 12) || '…', 'the hash of the manifest as it is');
  end if;
end $$;

-- One door: who mints, for which request, and that nothing stands against it.
create function iu_core.assert_mintable(request public.apr_requests) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  handler text := (select t.handler_ref from public.apr_action_types t where t.action_code = 'authorize_build_step' and t.status = 'active');
begin
  if handler is distinct from 'dot-apr-execute:authorize_build_step' then
    perform iu_core.refuse('HOLD_HANDLER_UNBOUND', 'C1H00', format('handler %s of authorize_build_step', coalesce(handler, 'none')),
      'dot-apr-execute:authorize_build_step', 'npx pulumi up, which applies H1 to H4 first');
  end if;
  if request.action_code is distinct from 'authorize_build_step' or request.status is distinct from 'pending' then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('a grant for request %s (%s, %s)', request.apr_code, request.action_code, request.status),
      'a pending authorize_build_step request', 'npx c1 apr list');
  end if;
  perform iu_core.assert_quorum(request.apr_code);
  perform iu_core.assert_gates_closed();
  perform iu_core.assert_grant_action(request.proposed_action);
  perform iu_core.assert_code(request);
  if iu_core.manifest_hash() is null then
    perform iu_core.refuse_grant('REJECT_MANIFEST_MISSING', 'manifest', 'none', 'the manifest of the runtime, which W3 makes readable');
  end if;
  if request.created_at < iu_core.manifest_since() then
    perform iu_core.refuse('REJECT_AUTH_STALE', 'C1R00', format('request %s of %s', request.apr_code, request.created_at),
      format('one proposed after %s, when the manifest became what it is', iu_core.manifest_since()),
      'have it denied, then npx pulumi up, which asks anew');
  end if;
  if exists (select from public.governance_build_authorization g where g.carrier = 'C1' and g.status = 'active') then
    perform iu_core.refuse('HOLD_GRANT_LIVE', 'C1H00', 'a live grant of C1', 'none before a new one is minted',
      'use it, or revoke it: npx pulumi destroy, then npx pulumi up');
  end if;
end $$;

-- Grant and request change in one run: minted, the request is applied, or the grant would have an open one; revoked, it is
-- rolled back, or the next order would be answered with a grant that is no more.
create function iu_core.assert_request_becomes(p_apr text, p_status text, p_remedy text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from jsonb_array_elements((iu_core.current_run()).deltas) d where d ->> 'surface' = 'apr_requests'
                   and d ->> 'key' = p_apr and d #>> '{after,status}' = p_status) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('a run on a grant that does not make request %s %s', coalesce(p_apr, 'null'), p_status),
      'grant and request in one run', p_remedy);
  end if;
end $$;

create function iu_core.governance_build_authorization_insert(r public.governance_build_authorization) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  request public.apr_requests;
  a jsonb;
begin
  perform iu_core.assert_marker('governance_build_authorization', 'insert');
  perform pg_advisory_xact_lock(hashtext('iu_core.governance_build_authorization'));
  -- Locked first: an unbinding of the handler, a vote or a denial that is under way is waited for, and counts.
  perform from public.apr_action_types t where t.action_code = 'authorize_build_step' for share;
  select * into request from public.apr_requests q where q.apr_code = r.request_ref for update;
  perform iu_core.assert_mintable(request);
  perform iu_core.assert_request_becomes(r.request_ref, 'applied', 'run dot-apr-execute --authorize');
  a := request.proposed_action;
  -- Of the row only its name is the caller's: everything else is what the owners signed.
  if r.auth_code is distinct from 'GBA-C1-' || request.apr_code then
    perform iu_core.refuse_grant('REJECT_GENERIC_GRANT', 'auth_code', r.auth_code, 'GBA-C1-' || request.apr_code);
  end if;
  insert into public.governance_build_authorization (auth_code, carrier, lane, plan_ref, manifest_hash, action_set, scope, status, single_use,
    commit_allowed, requires_sovereign_esign, request_ref, granted_at, expires_at, rollback_plan_ref)
  values (r.auth_code, a ->> 'carrier', a ->> 'lane', a ->> 'plan_ref', a ->> 'manifest_hash',
          array(select jsonb_array_elements_text(a -> 'action_set')), a -> 'scope', 'active', true, false, false, request.apr_code, now(),
          now() + make_interval(secs => (a ->> 'ttl_seconds')::integer), a ->> 'rollback_plan_ref');
end $$;

-- Why a grant that was to be used is not: the first thing that keeps it from it.
create function iu_core.refuse_consumption(r public.governance_build_authorization) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  g public.governance_build_authorization;
  code text;
begin
  select * into g from public.governance_build_authorization x where x.auth_code = r.auth_code;
  code := case when g.auth_code is null then 'REJECT_NO_GRANT'
               when g.status = 'consumed' then 'REJECT_AUTH_ALREADY_CONSUMED'
               when g.status = 'revoked' then 'REJECT_AUTH_REVOKED'
               when g.status = 'expired' or g.expires_at <= clock_timestamp() then 'REJECT_AUTH_EXPIRED'
               when g.granted_at > clock_timestamp() then 'REJECT_AUTH_NOT_ACTIVE'
               else 'REJECT_MANIFEST_HASH_MISMATCH' end;
  perform iu_core.refuse(code, 'C1R00', format('grant %s (%s)', r.auth_code, coalesce(g.status, 'none')),
    'an active grant in its time, bound to the manifest as it is', 'npx pulumi preview');
end $$;

-- The one use of a grant: a single compare-and-set, so that of any number who try one wins.
create function iu_core.consume_grant(r public.governance_build_authorization) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  used text;
begin
  perform iu_core.assert_gates_closed();
  perform iu_core.assert_clock();
  update public.governance_build_authorization g set status = 'consumed', consumed_at = clock_timestamp()
   where g.auth_code = r.auth_code and g.status = 'active' and g.expires_at > clock_timestamp() and g.granted_at <= clock_timestamp()
     and g.manifest_hash = r.manifest_hash and g.manifest_hash = iu_core.manifest_hash()
  returning g.auth_code into used;
  if used is null then
    perform iu_core.refuse_consumption(r);
  end if;
end $$;

-- What leaves the live grants: revoked by its issuer, over by the clock, or used by the verifier.
create function iu_core.governance_build_authorization_retire(r public.governance_build_authorization) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  dot text := (iu_core.current_run()).dot_code;
  n bigint;
begin
  perform iu_core.assert_marker('governance_build_authorization', 'retire');
  if dot = 'DOT_C1_VOCAB_VERIFY' and r.status = 'consumed' and (iu_core.current_run()).kind = 'consume' then
    perform iu_core.consume_grant(r);
    return;
  end if;
  if dot = 'DOT_C1_GRANT_ISSUE' and r.status = 'revoked' then
    perform iu_core.assert_request_becomes((select g.request_ref from public.governance_build_authorization g where g.auth_code = r.auth_code),
      'rolled_back', 'run dot-c1-grant-issue --retire');
    update public.governance_build_authorization g set status = 'revoked', revoked_at = now()
     where g.auth_code = r.auth_code and g.status = 'active';
  elsif dot in ('DOT-310', 'DOT_C1_GRANT_ISSUE') and r.status = 'expired' then
    update public.governance_build_authorization g set status = 'expired'
     where g.auth_code = r.auth_code and g.status = 'active' and g.expires_at <= now();
  else
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('%s making a grant %s', dot, r.status),
      'the verifier consumes, the issuer revokes', 'run the bin of the DOT');
  end if;
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, format('an active grant %s that may become %s', r.auth_code, r.status));
end $$;

create function iu_core.governance_object_ownership_insert(r public.governance_object_ownership) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into public.governance_object_ownership (object, owner, authority, status) values (r.object, r.owner, r.authority, r.status);
end $$;

create function iu_core.governance_object_ownership_reinstate(r public.governance_object_ownership) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  update public.governance_object_ownership o set owner = r.owner, authority = r.authority, status = r.status
   where o.object = r.object and o.status = 'retired';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a retired ownership of ' || r.object);
end $$;

create function iu_core.governance_object_ownership_retire(r public.governance_object_ownership) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  update public.governance_object_ownership o set status = 'retired' where o.object = r.object and o.status = 'active';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'an active ownership of ' || r.object);
end $$;
