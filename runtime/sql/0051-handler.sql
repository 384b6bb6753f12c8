-- The handler of authorize_build_step (steps.md, H4): the two gateway functions that a governed migration may call. Of the
-- action types nothing else ever changes.

-- The action and the one handler that it may have. Twin of domain/handler.ts; anything else is refused by name.
create function iu_core.assert_binding(p_action text, p_handler text, p_direction text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  run iu_core.dot_run := iu_core.assert_marker('apr_action_types', 'update');
begin
  if (p_action, p_handler, p_direction, run.subject) is distinct from
     ('authorize_build_step', 'dot-apr-execute:authorize_build_step', run.direction, 'apr_action_types/authorize_build_step') then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('a binding of %s to %s in a run of direction %s', coalesce(p_action, 'null'),
        coalesce(p_handler, 'null'), run.direction), 'authorize_build_step and its own handler', 'run dot-migration-apply');
  end if;
end $$;

-- Only what is deployed is bound: the patch of DOT-310 that brings the arm is applied, and logged as known good.
create function iu_core.assert_handler_deployed() returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from public.apr_requests q join public.vps_deploy_log l on l.request_ref = q.apr_code
                  where q.action_code = 'patch_ops_code' and q.status = 'applied' and q.proposed_action ->> 'dot_code' = 'DOT-310'
                    and q.proposed_action ->> 'version' = '2.3.0' and l.version = '2.3.0'
                    and l.file = '/opt/incomex/dot/bin/dot-apr-execute' and l.status = 'success' and l.is_known_good) then
    perform iu_core.refuse('HOLD_HANDLER_NOT_DEPLOYED', 'C1H00', 'no applied patch of DOT-310 with version 2.3.0',
      'dot-apr-execute 2.3.0, deployed and known good', 'npx pulumi up, which applies H1 first');
  end if;
end $$;

create function iu_core.bind_handler(p_action text, p_handler text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  perform iu_core.assert_binding(p_action, p_handler, 'apply');
  -- A rollback of the patch that is under way is waited for, and counts.
  perform from public.apr_requests q where q.action_code = 'patch_ops_code' and q.proposed_action ->> 'dot_code' = 'DOT-310'
    and q.status = 'applied' for share;
  perform iu_core.assert_handler_deployed();
  update public.apr_action_types a set handler_ref = p_handler
   where a.action_code = p_action and a.status = 'active' and a.handler_ref = 'unimplemented';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'an active action ' || p_action || ' without handler');
end $$;

-- The row is changed before grants are looked at: a mint that locked it first is waited for, and counts.
create function iu_core.unbind_handler(p_action text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  live text;
  n bigint;
begin
  perform iu_core.assert_binding(p_action, 'dot-apr-execute:authorize_build_step', 'retire');
  update public.apr_action_types a set handler_ref = 'unimplemented'
   where a.action_code = p_action and a.handler_ref = 'dot-apr-execute:authorize_build_step';
  get diagnostics n = row_count;
  perform iu_core.assert_one_row(n, 'an action ' || p_action || ' with its handler');
  select g.auth_code into live from public.governance_build_authorization g
   where g.carrier = 'C1' and g.status = 'active' and g.expires_at > clock_timestamp();
  if found then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', format('the live grant %s while its handler is to be unbound', live), 'none',
      'revoke it first; npx pulumi destroy goes in the right order');
  end if;
end $$;

-- The file that a bound handler is in stays: unbind first, then restore.
create function public.fn_handler_stands() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from public.apr_action_types a where a.action_code = 'authorize_build_step' and a.handler_ref <> 'unimplemented') then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'a bound handler while the patch that brought it is to be rolled back', 'none',
      'unbind it first; npx pulumi destroy goes in the right order');
  end if;
  return new;
end $$;

create trigger b_handler_stands before update on public.apr_requests for each row
  when (old.proposed_action ->> 'dot_code' = 'DOT-310' and old.status = 'applied' and new.status <> 'applied')
  execute function public.fn_handler_stands();
alter table public.apr_requests enable always trigger b_handler_stands;
