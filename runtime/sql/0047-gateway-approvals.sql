-- Gateway functions of approval requests, votes and the deploy log (authority.md, "APR"). PostgreSQL cannot check SSH
-- signatures: the voter's own login is one proof, the signature, which bins check, is the other.

create function iu_core.content_sha256(p_action jsonb) returns text
language sql immutable strict set search_path = pg_catalog, pg_temp
return encode(sha256(decode(p_action ->> 'new_content_base64', 'base64')), 'hex');

-- Approvals by others than the proposer, none of them denied. Twin of QUORUM in domain/apr.ts.
create function public.quorum_passed(p_apr text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
return coalesce((
  select not exists (select from public.apr_approvals d where d.apr_code = q.apr_code and d.decision = 'deny')
         and (select count(*) from public.apr_approvals v
               where v.apr_code = q.apr_code and v.decision = 'approve' and v.voter <> q.proposer)
             >= case q.risk_class when 'high' then 2 else 1 end
    from public.apr_requests q where q.apr_code = p_apr), false);

-- What a patch brings goes with its rollback, so nothing of it may be a file that others live by: staged files are C1's
-- own and new, the second name is the file's name with more behind it, and what is replaced is what is known to be there.
create function iu_core.assert_patch_files(a jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  known jsonb := iu_core.expected_bins();
  target text := regexp_replace(a ->> 'file_path', '^.*/', '');
  brought text[] := array(select f ->> 'file' from jsonb_array_elements(a -> 'staged_files') f);
begin
  if exists (select from jsonb_array_elements(a -> 'staged_files') f
              where coalesce(f ->> 'dot_code', '') !~ '^DOT_C1_[A-Z0-9_]+$' or f ->> 'file' is distinct from replace(lower(f ->> 'dot_code'), '_', '-')
                 or known ? (f ->> 'file'))
     or (a ->> 'alias' is not null and (not starts_with(a ->> 'alias', target || '-') or known ? (a ->> 'alias')))
     or target = any (brought) then
    perform iu_core.refuse('REJECT_PATCH_TARGET', 'C1R00', format('a patch of %s that brings %s %s', target, array_to_string(brought, ', '), a ->> 'alias'),
      'new files of C1 under their own names, and a second name of the patched file', 'propose a patch of the own file of a registered DOT');
  end if;
  if known ->> target is distinct from a #>> '{replaces,sha256}' then
    perform iu_core.refuse('HOLD_DOT_INTERFACE_MISMATCH', 'C1H00', format('a patch that replaces %s with SHA-256 %s', target, a #>> '{replaces,sha256}'),
      format('%s, as it is known to be there', coalesce(known ->> target, 'none')), 'npx c1 runtime status, and propose the change of what is there');
  end if;
end $$;

-- A patch of the own file of a registered DOT, named after what it says, and the only live one on it.
create function iu_core.assert_patch_request(r public.apr_requests) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  a jsonb := r.proposed_action;
begin
  if r.action_code is distinct from 'patch_ops_code' or r.risk_class is distinct from 'high' or r.status is distinct from 'pending'
     or r.proposer is null or coalesce(r.proposer_signature, '') not like '-----BEGIN SSH SIGNATURE-----%' then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('a request for %s, risk %s, status %s', r.action_code, r.risk_class, r.status),
      'a signed, pending patch_ops_code request of high risk', 'run dot-apr-propose');
  end if;
  if not exists (select from public.dot_tools t where t.code = a ->> 'dot_code' and t.status <> 'retired'
                   and a ->> 'file_path' = '/opt/incomex/dot/bin/' || t.name and t.name ~ '^dot-[a-z0-9-]+$') then
    perform iu_core.refuse('REJECT_PATCH_TARGET', 'C1R00', format('a patch of %s at %s', a ->> 'dot_code', a ->> 'file_path'),
      'the own file of a registered DOT', 'propose a patch of the own file of a registered DOT');
  end if;
  if r.apr_code is distinct from 'APR-C1-' || (a ->> 'dot_code') || '-'
       || left(iu_core.digest(jsonb_build_object('action_code', r.action_code, 'proposed_action', a)), 16) then
    perform iu_core.refuse('REJECT_APR_ALTERED', 'C1R00', 'request ' || coalesce(r.apr_code, 'null'), 'a code made of its content',
      'propose the change anew');
  end if;
  perform iu_core.assert_patch_files(a);
  if exists (select from public.apr_requests q where q.action_code = r.action_code and q.status in ('pending', 'applied')
               and q.proposed_action ->> 'dot_code' = a ->> 'dot_code') then
    perform iu_core.refuse('HOLD_APR_PENDING', 'C1H00', 'another live request on ' || (a ->> 'dot_code'), 'one at a time',
      'npx c1 apr list, then have the other one applied, denied or withdrawn');
  end if;
end $$;

create function iu_core.apr_requests_insert(r public.apr_requests) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.assert_marker('apr_requests', 'insert');
  perform pg_advisory_xact_lock(hashtext('iu_core.apr_requests'));
  perform iu_core.assert_patch_request(r);
  insert into public.apr_requests (apr_code, request_type, action_code, proposed_action, proposer, proposer_signature, risk_class, status)
  values (r.apr_code, r.request_type, r.action_code, r.proposed_action, r.proposer, r.proposer_signature, r.risk_class, r.status);
end $$;

create function iu_core.assert_quorum(p_apr text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  approvals bigint := (select count(*) from public.apr_approvals v where v.apr_code = p_apr and v.decision = 'approve');
begin
  if not public.quorum_passed(p_apr) then
    perform iu_core.refuse('HOLD_APR_AWAITING_QUORUM', 'C1H00', format('%s with %s approvals', p_apr, approvals),
      'the quorum of its risk class, and no denial', format('npx c1 apr approve %s by an owner, then npx pulumi up', p_apr));
  end if;
end $$;

-- Dispatch: pending to applied, and only with quorum. Nothing else of a request ever changes.
create function iu_core.apr_requests_update(r public.apr_requests) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  perform iu_core.assert_marker('apr_requests', 'update');
  -- Locked first: a denial that is under way is waited for, and counts.
  perform from public.apr_requests q where q.apr_code = r.apr_code for update;
  perform iu_core.assert_quorum(r.apr_code);
  update public.apr_requests q set status = 'applied', applied_at = now()
   where q.apr_code = r.apr_code and q.status = 'pending' and r.status = 'applied';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a pending request ' || r.apr_code);
end $$;

-- Who closes a request, and from which state: withdrawn by who proposed, rolled back by who applied, denied by a voter.
create function iu_core.apr_requests_retire(r public.apr_requests) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  dot text := (iu_core.current_run()).dot_code;
  was text := case dot when 'DOT-310' then 'applied' else 'pending' end;
  becomes text := case dot when 'DOT-310' then 'rolled_back' when 'DOT_APR_VOTE' then 'denied' else 'withdrawn' end;
  n bigint;
begin
  perform iu_core.assert_marker('apr_requests', 'retire');
  if becomes = 'denied' and not exists (select from public.apr_approvals v where v.apr_code = r.apr_code
                                          and v.voter = session_user and v.decision = 'deny') then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('%s closing %s without a denial of his', session_user, r.apr_code),
      'a denial in the same run', 'npx c1 apr deny');
  end if;
  update public.apr_requests q set status = becomes
   where q.apr_code = r.apr_code and q.status = was and r.status = becomes;
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, format('a request %s that is %s', r.apr_code, was));
end $$;

-- One vote by each voter, under his own login, on a request that is still open and not his own.
create function iu_core.apr_approvals_insert(r public.apr_approvals) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  request public.apr_requests;
begin
  perform iu_core.assert_marker('apr_approvals', 'insert');
  -- A vote and the dispatch of its request do not pass each other.
  select * into request from public.apr_requests q where q.apr_code = r.apr_code for no key update;
  if r.voter is distinct from session_user::text then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('%s voting as %s', session_user, r.voter), 'a vote of one''s own',
      'npx c1 apr approve with one''s own login');
  end if;
  if request.status is distinct from 'pending' then
    perform iu_core.refuse('REJECT_APR_CLOSED', 'C1R00', format('a vote on %s, which is %s', r.apr_code, coalesce(request.status, 'unknown')),
      'a pending request', 'npx c1 apr list');
  end if;
  if request.proposer = r.voter then
    perform iu_core.refuse('REJECT_SELF_APPROVAL', 'C1R00', format('%s voting on %s, which he proposed', r.voter, r.apr_code),
      'another voter', 'npx c1 apr approve by another owner');
  end if;
  if exists (select from public.apr_approvals v where v.apr_code = r.apr_code and v.voter = r.voter) then
    perform iu_core.refuse('REJECT_VOTED_TWICE', 'C1R00', format('a second vote of %s on %s', r.voter, r.apr_code), 'one vote',
      'npx c1 apr show ' || r.apr_code);
  end if;
  insert into public.apr_approvals (apr_code, voter, decision, signature) values (r.apr_code, r.voter, r.decision, r.signature);
end $$;

-- The log says what the request says: the new file when it is applied, the old one when it is rolled back.
create function iu_core.vps_deploy_log_insert(r public.vps_deploy_log) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  run iu_core.dot_run := iu_core.current_run();
  request public.apr_requests;
  a jsonb;
begin
  perform iu_core.assert_marker('vps_deploy_log', 'insert');
  select * into request from public.apr_requests q where q.apr_code = r.request_ref;
  a := request.proposed_action;
  if (r.file, r.is_known_good) is distinct from (a ->> 'file_path', true)
     or (run.direction = 'apply' and (request.status, r.status, r.version, r.sha256)
           is distinct from ('applied', 'success', a ->> 'version', iu_core.content_sha256(a)))
     or (run.direction = 'retire' and (request.status, r.status, r.version, r.sha256)
           is distinct from ('rolled_back', 'restored', a #>> '{replaces,version}', a #>> '{replaces,sha256}')) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('a deploy of %s %s (%s) for %s', r.file, r.version, r.status, r.request_ref),
      'the file that this request names', 'run dot-apr-execute');
  end if;
  insert into public.vps_deploy_log (file, request_ref, version, sha256, status, is_known_good)
  values (r.file, r.request_ref, r.version, r.sha256, r.status, r.is_known_good);
end $$;
