-- Gateway functions of approval requests, votes and the deploy log (authority.md, "APR"). PostgreSQL cannot check SSH
-- signatures: the voter's own login is one proof, the signature, which bins check, is the other.

create function iu_core.content_sha256(p_action jsonb) returns text
language sql immutable strict set search_path = pg_catalog, pg_temp
return encode(sha256(decode(p_action ->> 'new_content_base64', 'base64')), 'hex');

-- How long a request stays open, and how long a vote counts before it is acted on. Twins of the lives in domain/apr.ts.
create function iu_core.request_life() returns interval
language sql immutable set search_path = pg_catalog, pg_temp
return interval '7 days';

create function iu_core.vote_life() returns interval
language sql immutable set search_path = pg_catalog, pg_temp
return interval '3 days';

-- What is told by the clock is told by none that was set back: it would bring back requests, votes and grants that are over.
-- The journal knows how late it has been.
create function iu_core.assert_clock() returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  latest timestamptz := (select max(r.applied_at) from iu_core.dot_run r);
begin
  if latest > clock_timestamp() then
    perform iu_core.refuse('HOLD_CLOCK_BEHIND', 'C1H00', format('%s by the clock of the database', clock_timestamp()),
      format('a time after %s, when the last run was applied', latest), 'set the clock right, then run the same command again');
  end if;
end $$;

-- A request that nobody decided in time. Only who asks anew closes it; until then it is open by name alone.
create function iu_core.is_past(q public.apr_requests) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
return q.status = 'pending' and q.created_at + iu_core.request_life() <= now();

-- A vote counts for as long as it is fresh when its request is acted on.
create function iu_core.vote_counts(v public.apr_approvals, p_applied_at timestamptz) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
return v.at + iu_core.vote_life() > coalesce(p_applied_at, now()) and v.at <= coalesce(p_applied_at, now());

-- Approvals by others than the proposer, none of them denied. Twin of QUORUM in domain/apr.ts.
create function public.quorum_passed(p_apr text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
return coalesce((
  select not exists (select from public.apr_approvals d where d.apr_code = q.apr_code and d.decision = 'deny')
         and (select count(*) from public.apr_approvals v
               where v.apr_code = q.apr_code and v.decision = 'approve' and v.voter <> q.proposer
                 and iu_core.vote_counts(v, q.applied_at))
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

-- A patch of the own file of a registered DOT.
create function iu_core.assert_patch_request(r public.apr_requests) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  a jsonb := r.proposed_action;
begin
  if not exists (select from public.dot_tools t where t.code = a ->> 'dot_code' and t.status <> 'retired'
                   and a ->> 'file_path' = '/opt/incomex/dot/bin/' || t.name and t.name ~ '^dot-[a-z0-9-]+$') then
    perform iu_core.refuse('REJECT_PATCH_TARGET', 'C1R00', format('a patch of %s at %s', a ->> 'dot_code', a ->> 'file_path'),
      'the own file of a registered DOT', 'propose a patch of the own file of a registered DOT');
  end if;
  perform iu_core.assert_patch_files(a);
end $$;

-- What a request is about: a patch by its DOT, a grant by what it is. Beginning of its code, twin of aprPrefix().
create function iu_core.request_target(p_action_code text, a jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp
return case p_action_code when 'authorize_build_step' then 'GRANT' else a ->> 'dot_code' end;

-- The code of a request is made of what it asks for. Twin of aprCode().
create function iu_core.assert_code(r public.apr_requests) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if r.apr_code is distinct from 'APR-C1-' || iu_core.request_target(r.action_code, r.proposed_action) || '-'
       || left(iu_core.digest(jsonb_build_object('action_code', r.action_code, 'proposed_action', r.proposed_action)), 16) then
    perform iu_core.refuse('REJECT_APR_ALTERED', 'C1R00', 'request ' || coalesce(r.apr_code, 'null'), 'a code made of its content',
      'propose the change anew');
  end if;
end $$;

-- A signed request of a known kind by the DOT that asks for such, named after what it says, and the only live one of its
-- target.
create function iu_core.assert_request(r public.apr_requests) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  asks text := case (iu_core.current_run()).dot_code when 'DOT_APR_PROPOSE' then 'patch_ops_code'
                                                     when 'DOT_C1_GRANT_ISSUE' then 'authorize_build_step' end;
  target text := iu_core.request_target(r.action_code, r.proposed_action);
begin
  if asks is null or r.action_code is distinct from asks or r.risk_class is distinct from 'high' or r.status is distinct from 'pending'
     or r.proposer is null or coalesce(r.proposer_signature, '') not like '-----BEGIN SSH SIGNATURE-----%' then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('a request for %s, risk %s, status %s', r.action_code, r.risk_class, r.status),
      format('a signed, pending %s request of high risk', coalesce(asks, 'patch_ops_code or authorize_build_step')), 'run dot-apr-propose or dot-c1-grant-issue');
  end if;
  if asks = 'patch_ops_code' then
    perform iu_core.assert_patch_request(r);
  else
    perform iu_core.assert_grant_action(r.proposed_action);
  end if;
  perform iu_core.assert_code(r);
  if exists (select from public.apr_requests q where q.action_code = r.action_code and q.status in ('pending', 'applied')
               and iu_core.request_target(q.action_code, q.proposed_action) = target) then
    perform iu_core.refuse('HOLD_APR_PENDING', 'C1H00', 'another live request on ' || target, 'one at a time',
      'npx c1 apr list, then have the other one applied, denied or withdrawn');
  end if;
end $$;

create function iu_core.apr_requests_insert(r public.apr_requests) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.assert_marker('apr_requests', 'insert');
  perform pg_advisory_xact_lock(hashtext('iu_core.apr_requests'));
  perform iu_core.assert_request(r);
  insert into public.apr_requests (apr_code, request_type, action_code, proposed_action, proposer, proposer_signature, risk_class, status)
  values (r.apr_code, r.request_type, r.action_code, r.proposed_action, r.proposer, r.proposer_signature, r.risk_class, r.status);
end $$;

create function iu_core.assert_quorum(p_apr text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  request public.apr_requests;
  approvals bigint := (select count(*) from public.apr_approvals v where v.apr_code = p_apr and v.decision = 'approve');
begin
  perform iu_core.assert_clock();
  select * into request from public.apr_requests q where q.apr_code = p_apr;
  if iu_core.is_past(request) then
    perform iu_core.refuse('HOLD_APR_EXPIRED', 'C1H00', format('%s, open since %s', p_apr, request.created_at),
      format('a request of less than %s', iu_core.request_life()), 'npx pulumi up, which closes it and asks anew');
  end if;
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
  -- An authorization that minted nothing would be spent for nothing.
  if r.action_code = 'authorize_build_step' and not exists (select from public.governance_build_authorization g where g.request_ref = r.apr_code) then
    perform iu_core.refuse('REJECT_NO_GRANT', 'C1R00', 'request ' || r.apr_code || ' without its grant', 'the grant in the same run',
      'run dot-apr-execute --authorize');
  end if;
  update public.apr_requests q set status = 'applied', applied_at = now()
   where q.apr_code = r.apr_code and q.status = 'pending' and r.status = 'applied';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'a pending request ' || r.apr_code);
end $$;

-- Who closes a request, from which state and with which one: null where the DOT does not.
create function iu_core.closing_from(p_dot_code text, q public.apr_requests, p_becomes text) returns text
language sql stable set search_path = pg_catalog, pg_temp
return case
  when p_dot_code = 'DOT_APR_VOTE' and p_becomes = 'denied' then 'pending'
  when p_dot_code in ('DOT_APR_PROPOSE', 'DOT_C1_GRANT_ISSUE')
       and q.action_code is distinct from case p_dot_code when 'DOT_APR_PROPOSE' then 'patch_ops_code' else 'authorize_build_step' end then null
  when p_dot_code in ('DOT_APR_PROPOSE', 'DOT_C1_GRANT_ISSUE') and p_becomes = 'withdrawn' then 'pending'
  when p_dot_code in ('DOT_APR_PROPOSE', 'DOT_C1_GRANT_ISSUE') and p_becomes = 'expired' and iu_core.is_past(q) then 'pending'
  when p_dot_code = 'DOT-310' and p_becomes = 'rolled_back' and q.action_code = 'patch_ops_code' then 'applied'
  -- Revoked in this very run, or used, or over: nothing live is left of it.
  when p_dot_code = 'DOT_C1_GRANT_ISSUE' and p_becomes = 'rolled_back'
       and exists (select from public.governance_build_authorization g where g.request_ref = q.apr_code and g.status = 'revoked') then 'applied'
  when p_dot_code = 'DOT_C1_GRANT_ISSUE' and p_becomes = 'closed'
       and not exists (select from public.governance_build_authorization g where g.request_ref = q.apr_code
                         and g.status = 'active' and g.expires_at > now()) then 'applied'
end;

create function iu_core.apr_requests_retire(r public.apr_requests) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  request public.apr_requests;
  dot text := (iu_core.current_run()).dot_code;
  was text;
  n bigint;
begin
  perform iu_core.assert_marker('apr_requests', 'retire');
  select * into request from public.apr_requests q where q.apr_code = r.apr_code for update;
  was := iu_core.closing_from(dot, request, r.status);
  if r.status = 'denied' and not exists (select from public.apr_approvals v where v.apr_code = r.apr_code
                                          and v.voter = session_user and v.decision = 'deny') then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('%s closing %s without a denial of his', session_user, r.apr_code),
      'a denial in the same run', 'npx c1 apr deny');
  end if;
  update public.apr_requests q set status = r.status where q.apr_code = r.apr_code and q.status = was;
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, format('a request %s (%s) that %s may make %s', r.apr_code, coalesce(request.status, 'unknown'), dot, r.status));
end $$;

-- Whether a code could be one of a request to come.
create function iu_core.is_request_code(p_code text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
return coalesce(p_code ~ '^APR-C1-[A-Z0-9_-]{1,80}-[0-9a-f]{16}$', false);

-- One vote by each voter, under his own login, on a request that is still open and not his own. An approval may come before
-- its request: the code is made of what is asked for, and the signature is over all of it.
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
  if request.apr_code is null and r.decision = 'approve' and iu_core.is_request_code(r.apr_code) then
    request.status := 'pending';
    request.created_at := now();
  end if;
  if request.status is distinct from 'pending' then
    perform iu_core.refuse('REJECT_APR_CLOSED', 'C1R00', format('a vote on %s, which is %s', r.apr_code, coalesce(request.status, 'unknown')),
      'a pending request', 'npx c1 apr list');
  end if;
  if iu_core.is_past(request) then
    perform iu_core.refuse('REJECT_APR_CLOSED', 'C1R00', format('a vote on %s, open since %s', r.apr_code, request.created_at),
      format('a request of less than %s', iu_core.request_life()), 'npx pulumi up, which closes it and asks anew');
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
