-- The one door to a write (runtime.md, "Opening a run"; architecture.md, decision 3).
-- declare_run journals the intent in a transaction of its own; open_run, in the write transaction, stamps the marker;
-- close_run compares what changed with what was planned, appends the ledger entry, moves the claims.

create sequence iu_core.applied_seq;

create function iu_core.assert_caller(p_dot_code text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from iu_core.dot d where d.dot_code = p_dot_code and d.login = session_user) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('%s opening a run of %s', session_user, p_dot_code),
      'the login of that DOT', 'run the bin of the DOT');
  end if;
end $$;

create function iu_core.assert_allowed(p_dot_code text, p_deltas jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  d jsonb;
begin
  for d in select * from jsonb_array_elements(p_deltas) loop
    if not exists (select from iu_core.dot_surface m where m.dot_code = p_dot_code
                     and m.surface = d ->> 'surface' and m.operation = d ->> 'op') then
      perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00',
        format('%s asking for %s on %s', p_dot_code, d ->> 'op', d ->> 'surface'),
        'an operation that iu_core.dot_surface lists for it', 'use the DOT that may');
    end if;
  end loop;
end $$;

-- A step's delta needs an approval by an owner's own login that is neither denied nor past its expiry.
create function iu_core.assert_approved(p_step text, p_direction text, p_delta_digest text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if (select s.value from iu_core.setting s where s.name = 'approvals') = 'none' then
    return;
  end if;
  if exists (select from iu_core.approved_delta a where a.step = p_step and a.direction = p_direction
               and a.delta_digest = p_delta_digest and a.decision = 'deny')
     or not exists (select from iu_core.approved_delta a where a.step = p_step and a.direction = p_direction
               and a.delta_digest = p_delta_digest and a.decision = 'approve' and a.expires_at > clock_timestamp()) then
    perform iu_core.refuse('HOLD_PLAN_NOT_APPROVED', 'C1H00', format('delta %s of %s without approval', p_delta_digest, p_step),
      'an approval of this very delta', 'npx c1 approve');
  end if;
end $$;

-- Apply may not take a row that another stack claims; retire may only touch rows that this very resource claims.
create function iu_core.assert_claims(run iu_core.dot_run) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  other record;
begin
  select c.surface, c.key, c.stack, c.resource into other
    from jsonb_array_elements(run.deltas) d
    join iu_core.claim c on c.surface = d ->> 'surface' and c.key = d ->> 'key' and c.status = 'live'
   where c.stack <> run.stack or (run.direction = 'retire' and c.resource <> run.resource) limit 1;
  if found then
    perform iu_core.refuse('HOLD_CLAIMED_ELSEWHERE', 'C1H00',
      format('%s/%s claimed by %s/%s', other.surface, other.key, other.stack, other.resource),
      format('a claim of %s/%s', run.stack, run.resource), 'ask the owner of that stack, or retire the row there');
  end if;
end $$;

-- p_request: {request_id, step, direction, stack, resource, subject, deltas}. Returns intent, or applied when the
-- same request was applied before. An intent that a killed bin left is taken over.
create function iu_core.declare_run(p_dot_code text, p_kind text, p_request jsonb, p_delta_digest text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  state text;
begin
  perform iu_core.assert_caller(p_dot_code);
  perform iu_core.assert_allowed(p_dot_code, p_request -> 'deltas');
  if iu_core.delta_digest(p_request ->> 'step', p_request ->> 'direction', p_request -> 'deltas') is distinct from p_delta_digest then
    perform iu_core.refuse('ERROR_PAYLOAD_INVALID', 'C1E00', 'delta digest ' || coalesce(p_delta_digest, 'null'),
      'the digest of the deltas sent', 'run the DOT again');
  end if;
  insert into iu_core.dot_run as r (request_id, dot_code, kind, step, direction, stack, resource, subject, deltas, delta_digest)
  values (p_request ->> 'request_id', p_dot_code, p_kind, p_request ->> 'step', p_request ->> 'direction', p_request ->> 'stack',
          p_request ->> 'resource', p_request ->> 'subject', p_request -> 'deltas', p_delta_digest)
  on conflict (request_id) do update set deltas = excluded.deltas, delta_digest = excluded.delta_digest,
    intent_xid = excluded.intent_xid, started_at = excluded.started_at
    where r.outcome = 'intent' and r.dot_code = excluded.dot_code
  returning 'intent' into state;
  return coalesce(state, 'applied');
end $$;

create function iu_core.open_run(p_dot_code text, p_kind text, p_request jsonb, p_delta_digest text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  run iu_core.dot_run;
begin
  perform iu_core.assert_caller(p_dot_code);
  select * into run from iu_core.dot_run r where r.request_id = p_request ->> 'request_id' for update;
  if run.outcome = 'applied' then
    return 'applied';
  end if;
  if run.request_id is null or run.dot_code <> p_dot_code or run.kind <> p_kind or run.delta_digest <> p_delta_digest
     or run.intent_xid = pg_current_xact_id() then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'no journalled intent for delta ' || p_delta_digest,
      'an intent with this very delta, committed before', 'npx pulumi preview, and run the DOT again');
  end if;
  if p_kind = 'step' then
    perform iu_core.assert_approved(run.step, run.direction, run.delta_digest);
  end if;
  perform iu_core.assert_claims(run);
  update iu_core.dot_run r set xid = pg_current_xact_id() where r.request_id = run.request_id;
  return 'open';
end $$;

-- Appends to the hash chain under its lock, so that sequence, previous hash and commit order agree.
create function iu_core.append_ledger(run iu_core.dot_run, p_subject text, p_kind text, p_image_hash text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  entry public.dot_ledger;
begin
  perform pg_advisory_xact_lock(hashtext('iu_core.ledger'));
  select coalesce(max(l.seq), 0) + 1 into entry.seq from public.dot_ledger l;
  select coalesce((select l.entry_hash from public.dot_ledger l where l.seq = entry.seq - 1), repeat('0', 64)) into entry.prev_hash;
  select max(l.seq) into entry.supersedes from public.dot_ledger l where l.subject = p_subject;
  entry.subject := p_subject;
  entry.entry_kind := p_kind;
  entry.direction := run.direction;
  entry.dot_code := run.dot_code;
  entry.image_hash := p_image_hash;
  entry.request_id := run.request_id;
  entry.entry_hash := iu_core.ledger_entry_hash(entry);
  insert into public.dot_ledger (seq, subject, entry_kind, direction, dot_code, image_hash, request_id, supersedes, prev_hash, entry_hash)
  values (entry.seq, entry.subject, entry.entry_kind, entry.direction, entry.dot_code, entry.image_hash, entry.request_id,
          entry.supersedes, entry.prev_hash, entry.entry_hash);
end $$;

-- Twin of imagesHash() in domain/ledger.ts: what a run left behind, whatever the operation was called.
create function iu_core.images_hash(p_deltas jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp
return iu_core.digest((select coalesce(jsonb_agg(jsonb_build_object('surface', d ->> 'surface', 'key', d ->> 'key', 'after', d -> 'after')
         order by d ->> 'surface' collate "C", d ->> 'key' collate "C"), '[]')
       from jsonb_array_elements(p_deltas) d where d ->> 'surface' <> 'dot_ledger'));

create function iu_core.move_claims(run iu_core.dot_run) returns void
language sql set search_path = pg_catalog, pg_temp
begin atomic
  insert into iu_core.claim (surface, key, stack, resource, image, request_id, status)
  select d ->> 'surface', d ->> 'key', run.stack, run.resource, nullif(d -> 'after', 'null'), run.request_id,
         case run.direction when 'apply' then 'live' else 'released' end
    from jsonb_array_elements(run.observed) d
  on conflict (surface, key) do update set stack = excluded.stack, resource = excluded.resource, image = excluded.image,
    request_id = excluded.request_id, status = excluded.status;
end;

create function iu_core.close_run(p_request_id text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  run iu_core.dot_run := iu_core.current_run();
  seen text;
begin
  if run.request_id is distinct from p_request_id then
    perform iu_core.raise_bypass('closing run ' || coalesce(p_request_id, 'null'));
  end if;
  if (select d.ledgers from iu_core.dot d where d.dot_code = run.dot_code)
     and not jsonb_path_exists(run.observed, '$[*] ? (@.surface == "dot_ledger")') then
    perform iu_core.append_ledger(run, run.subject, 'run', iu_core.images_hash(run.observed));
  end if;
  run := iu_core.current_run();
  seen := iu_core.delta_digest(run.step, run.direction, run.observed);
  if seen <> run.delta_digest then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', format('rows that changed with digest %s: %s', seen,
        left(iu_core.canonical_json(run.observed), 2000)),
      format('the planned deltas with digest %s', run.delta_digest), 'npx pulumi preview, and run the DOT again');
  end if;
  perform iu_core.move_claims(run);
  update iu_core.dot_run r set outcome = 'applied', applied_seq = nextval('iu_core.applied_seq'), applied_at = clock_timestamp()
   where r.request_id = run.request_id;
  return jsonb_build_object('requestId', run.request_id, 'ledgerSeq',
    (select max(l.seq) from public.dot_ledger l where l.request_id = run.request_id));
end $$;

-- A rename or a move between resources of one stack: the row stays, the claim moves. p_refs: [{surface, key}].
create function iu_core.take_claim(p_dot_code text, p_refs jsonb, p_stack text, p_resource text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform iu_core.assert_caller(p_dot_code);
  if exists (select from jsonb_array_elements(p_refs) d
               left join iu_core.claim c on c.surface = d ->> 'surface' and c.key = d ->> 'key' and c.status = 'live'
              where c.stack is distinct from p_stack or not exists (select from iu_core.dot_surface m
                where m.dot_code = p_dot_code and m.surface = d ->> 'surface')) then
    perform iu_core.refuse('HOLD_CLAIMED_ELSEWHERE', 'C1H00', 'a row that this stack does not claim', 'a live claim of ' || p_stack,
      'npx pulumi preview');
  end if;
  update iu_core.claim c set resource = p_resource
    from jsonb_array_elements(p_refs) d where c.surface = d ->> 'surface' and c.key = d ->> 'key';
end $$;
