-- What must hold before a run is journalled or opened (runtime.md, "Opening a run").

-- The login of the DOT, or a member of it where the login is a group: each voter has one of his own. Membership as it is
-- listed: a superuser is a member of everything by right, and still no voter.
create function iu_core.assert_caller(p_dot_code text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from iu_core.dot d where d.dot_code = p_dot_code and (d.login = session_user or exists (
       select from pg_auth_members m join pg_roles g on g.oid = m.roleid
        where g.rolname = d.login and not g.rolcanlogin and m.member = session_user::regrole))) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('%s opening a run of %s', session_user, p_dot_code),
      'the login of that DOT', 'run the bin of the DOT');
  end if;
end $$;

-- What an apply may close: requests and grants that are over, and a document that a newer revision supersedes.
create function iu_core.makes_room(d jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
return (d ->> 'surface' = 'apr_requests' and d #>> '{after,status}' in ('expired', 'closed'))
       or (d ->> 'surface' = 'governance_build_authorization' and d #>> '{after,status}' = 'expired')
       or (d ->> 'surface' = 'kb_document' and d #>> '{after,status}' = 'superseded');

-- Each delta must be one that the matrix gives the DOT, in the direction that the run says: a retire that called itself an
-- apply would pass the claims.
create function iu_core.assert_allowed(p_dot_code text, p_direction text, p_deltas jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  d jsonb;
begin
  for d in select * from jsonb_array_elements(p_deltas) loop
    if (case p_direction when 'apply' then d ->> 'op' = 'retire' and not iu_core.makes_room(d)
         else d ->> 'op' = 'reinstate' or (d ->> 'op' = 'insert' and not exists (select from iu_core.surface s
           where s.surface = d ->> 'surface' and s.kind = 'history')) end) then
      perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00',
        format('%s asking for %s on %s in direction %s', p_dot_code, d ->> 'op', d ->> 'surface', p_direction),
        'retires, updates and new history in a retire, everything else in an apply', 'run the bin of the DOT');
    end if;
    if not exists (select from iu_core.dot_surface m where m.dot_code = p_dot_code
                     and m.surface = d ->> 'surface' and m.operation = d ->> 'op') then
      perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00',
        format('%s asking for %s on %s', p_dot_code, d ->> 'op', d ->> 'surface'),
        'an operation that iu_core.dot_surface lists for it', 'use the DOT that may');
    end if;
  end loop;
end $$;

-- What a run is about must be one of its deltas: generation and handbook entry go by it. A kind that needs no plan
-- approval is for the DOTs that do such, and may change what it is named for, and nothing else.
create function iu_core.assert_kind_and_subject(p_dot_code text, p_kind text, p_subject text, p_deltas jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  own text := coalesce(case p_kind when 'propose' then 'apr_requests' when 'vote' then 'apr_approvals'
                                   when 'consume' then 'governance_build_authorization' end, '');
  whose text[] := case p_kind when 'propose' then array['DOT_APR_PROPOSE', 'DOT_C1_GRANT_ISSUE'] when 'vote' then array['DOT_APR_VOTE']
                              when 'consume' then array['DOT_C1_VOCAB_VERIFY'] end;
begin
  if p_dot_code <> all (whose) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('a run of kind %s by %s', p_kind, p_dot_code),
      'kind step, which needs an approved plan', 'run the bin of the DOT');
  end if;
  if not exists (select from jsonb_array_elements(p_deltas) d where (d ->> 'surface') || '/' || (d ->> 'key') = p_subject) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('a run about %L that changes other rows', p_subject),
      'a subject that is one of the deltas', 'run the bin of the DOT');
  end if;
  if p_kind is distinct from 'step' and exists (select from jsonb_array_elements(p_deltas) d
      where (d ->> 'surface') is distinct from own and not (d ->> 'surface' = 'dot_ledger' and d ->> 'key' = p_subject)
        -- A denial closes the request that it is about.
        and not (p_kind = 'vote' and d ->> 'surface' = 'apr_requests' and d ->> 'op' = 'retire')) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('a run of kind %s that changes other rows than %L', p_kind, own),
      'kind step, which needs an approved plan', 'run the bin of the DOT');
  end if;
end $$;

-- An approval opens one run: the same rows retired and brought back are another occasion.
create function iu_core.is_used(a iu_core.approved_delta) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
return exists (select from iu_core.dot_run r
  where (r.stack, r.step, r.direction, r.resource, r.delta_digest) = (a.stack, a.step, a.direction, a.resource, a.delta_digest)
    and r.outcome = 'applied' and r.applied_at > a.written_at);

-- How many owners agree on a run of this very content; none of them may have denied it, ever.
create function iu_core.approvals_of(run iu_core.dot_run) returns bigint
language sql stable set search_path = pg_catalog, pg_temp
return (select count(distinct a.approver) filter (where a.decision = 'approve' and a.expires_at > clock_timestamp() and not iu_core.is_used(a))
                 * (count(*) filter (where a.decision = 'deny') = 0)::int
          from iu_core.approved_delta a
         where (a.stack, a.step, a.direction, a.resource, a.delta_digest)
             = (run.stack, run.step, run.direction, run.resource, run.delta_digest));

create function iu_core.plan_quorum() returns bigint
language sql stable set search_path = pg_catalog, pg_temp
return (select s.value::bigint from iu_core.setting s where s.name = 'approval_quorum');

-- A step's run needs the approval of its very content by enough owners. Where they approved another content of the same
-- resource, the rows are no longer those that they saw.
create function iu_core.assert_approved(run iu_core.dot_run) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  approvals bigint;
  other text;
begin
  if (select s.value from iu_core.setting s where s.name = 'approvals') = 'none' then
    return;
  end if;
  perform iu_core.assert_clock();
  approvals := iu_core.approvals_of(run);
  if approvals >= iu_core.plan_quorum() then
    return;
  end if;
  select a.delta_digest into other from iu_core.approved_delta a
   where (a.stack, a.step, a.direction, a.resource) = (run.stack, run.step, run.direction, run.resource)
     and a.decision = 'approve' and a.expires_at > clock_timestamp() and not iu_core.is_used(a) order by a.written_at desc limit 1;
  if other is distinct from run.delta_digest and other is not null and approvals = 0
     and not exists (select from iu_core.approved_delta a where a.delta_digest = run.delta_digest and a.step = run.step and a.decision = 'deny') then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', format('delta %s of %s in %s', run.delta_digest, run.resource, run.step),
      format('delta %s, as the owners approved it', other), 'npx c1 plan, then have the owners approve what is to come now');
  end if;
  perform iu_core.refuse('HOLD_PLAN_NOT_APPROVED', 'C1H00', format('delta %s of %s in %s with %s approvals', run.delta_digest, run.resource, run.step, approvals),
    format('%s by owners, none of them past its time or used before, and no denial', iu_core.plan_quorum()), 'npx c1 review, then npx c1 approve by each owner');
end $$;

-- Apply may not take a row that another stack claims, nor bring back one that no run of ours made; retire may only touch rows that this very resource claims, or that
-- this stack has released before (a table goes with its collection after its contract went). The claims stay locked until
-- the run ends, so that none moves away in between. The handbook entry of the run itself follows its subject.
create function iu_core.assert_claims(run iu_core.dot_run) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  other record;
begin
  perform from iu_core.claim c where exists (select from jsonb_array_elements(run.deltas) d
      where c.surface = d ->> 'surface' and c.key = d ->> 'key') order by c.surface, c.key for update;
  select d ->> 'surface' as surface, d ->> 'key' as key, c.stack, c.resource into other
    from jsonb_array_elements(run.deltas) d
    join iu_core.surface s on s.surface = d ->> 'surface'
    left join iu_core.claim c on c.surface = d ->> 'surface' and c.key = d ->> 'key'
   where not (d ->> 'surface' = 'dot_ledger' and d ->> 'key' = run.subject)
     and case run.direction
           when 'apply' then (c.status = 'live' and c.stack <> run.stack) or (d ->> 'op' = 'reinstate' and c.surface is null)
           -- History is only appended to: a new row of it has no claim yet.
           else not (s.kind = 'history' and d ->> 'op' = 'insert' and s.surface <> 'dot_ledger')
                and (c.stack is distinct from run.stack or (c.status = 'live' and c.resource <> run.resource)
                     -- Whoever loses the race for a grant is told by its row what became of it.
                     or (c.status = 'released' and run.kind <> 'consume' and (d ->> 'surface') || '/' || (d ->> 'key') = run.subject)) end
   limit 1;
  if found then
    perform iu_core.refuse('HOLD_CLAIMED_ELSEWHERE', 'C1H00',
      format('%s/%s claimed by %s', other.surface, other.key, coalesce(other.stack || '/' || other.resource, 'nobody')),
      format('a claim of %s/%s', run.stack, run.resource), 'ask the owner of that stack, or retire the row there');
  end if;
end $$;
