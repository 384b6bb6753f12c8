-- The one door to a write (runtime.md, "Opening a run"; architecture.md, decision 3).
-- declare_run journals the intent in a transaction of its own; open_run, in the write transaction, stamps the marker;
-- close_run compares what changed with what was planned, appends the ledger entry, moves the claims.

create sequence iu_core.applied_seq;

-- p_request: {request_id, step, direction, stack, resource, subject, deltas}. Returns intent, or applied when the
-- same request was applied before. An intent that a killed bin left is taken over.
create function iu_core.declare_run(p_dot_code text, p_kind text, p_request jsonb, p_delta_digest text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  state text;
begin
  perform iu_core.assert_caller(p_dot_code);
  -- What was approved when the run was opened would not be what it is closed with.
  if (iu_core.current_run()).request_id is not null then
    perform iu_core.raise_bypass('a declaration in the transaction of an open run');
  end if;
  perform iu_core.assert_allowed(p_dot_code, p_request ->> 'direction', p_request -> 'deltas');
  perform iu_core.assert_kind_and_subject(p_dot_code, p_kind, p_request ->> 'subject', p_request -> 'deltas');
  if iu_core.delta_digest(p_request ->> 'step', p_request ->> 'direction', p_request -> 'deltas') is distinct from p_delta_digest then
    perform iu_core.refuse('ERROR_PAYLOAD_INVALID', 'C1E00', 'delta digest ' || coalesce(p_delta_digest, 'null'),
      'the digest of the deltas sent', 'run the DOT again');
  end if;
  insert into iu_core.dot_run as r (request_id, dot_code, kind, step, direction, stack, resource, subject, deltas, delta_digest)
  values (p_request ->> 'request_id', p_dot_code, p_kind, p_request ->> 'step', p_request ->> 'direction', p_request ->> 'stack',
          p_request ->> 'resource', p_request ->> 'subject', p_request -> 'deltas', p_delta_digest)
  on conflict (request_id) do update set deltas = excluded.deltas, delta_digest = excluded.delta_digest,
    intent_xid = excluded.intent_xid, started_at = excluded.started_at
    where r.outcome = 'intent'
      and (r.dot_code, r.kind, r.step, r.direction, r.stack, r.resource, r.subject)
        = (excluded.dot_code, excluded.kind, excluded.step, excluded.direction, excluded.stack, excluded.resource, excluded.subject)
  returning 'intent' into state;
  if state is null and not exists (select from iu_core.dot_run r where r.request_id = p_request ->> 'request_id'
       and r.dot_code = p_dot_code and r.outcome = 'applied') then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', 'request ' || (p_request ->> 'request_id') || ' of another run',
      'a request id of this very run', 'run the bin of the DOT');
  end if;
  return coalesce(state, 'applied');
end $$;

create function iu_core.open_run(p_dot_code text, p_kind text, p_request jsonb, p_delta_digest text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  run iu_core.dot_run;
begin
  perform iu_core.assert_caller(p_dot_code);
  -- An older snapshot would not see a denial, nor that an approval was used.
  if current_setting('transaction_isolation') <> 'read committed' then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', 'a run opened in a transaction that is ' || current_setting('transaction_isolation'),
      'read committed', 'run the bin of the DOT');
  end if;
  select * into run from iu_core.dot_run r where r.request_id = p_request ->> 'request_id' for update;
  if run.outcome = 'applied' and run.dot_code = p_dot_code then
    return 'applied';
  end if;
  -- Null-safe: a null kind or digest is another kind or digest, not one that matches.
  if run.request_id is null or run.dot_code <> p_dot_code or run.kind is distinct from p_kind
     or run.delta_digest is distinct from p_delta_digest or run.intent_xid = pg_current_xact_id() then
    perform iu_core.refuse('HOLD_PRESTATE_MOVED', 'C1H00', 'no journalled intent for delta ' || coalesce(p_delta_digest, 'null'),
      'an intent with this very delta, committed before', 'npx pulumi preview, and run the DOT again');
  end if;
  if (iu_core.current_run()).request_id is not null then
    perform iu_core.raise_bypass('a second run in the transaction of an open one');
  end if;
  -- One run at a time on a subject: a row that nobody ever made has no claim yet that could be locked.
  perform pg_advisory_xact_lock(hashtextextended('iu_core.subject/' || run.subject, 0));
  if run.kind = 'step' then
    -- A denial that is under way is waited for, and counts; one that comes later waits for the end of the run.
    perform pg_advisory_xact_lock_shared(hashtext('iu_core.plan_statement'));
    perform iu_core.assert_approved(run);
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
  entry.written_by := session_user;
  entry.written_at := now();
  entry.entry_hash := iu_core.ledger_entry_hash(entry);
  insert into public.dot_ledger (seq, subject, entry_kind, direction, dot_code, image_hash, request_id, supersedes, prev_hash, entry_hash,
    written_by, written_at)
  values (entry.seq, entry.subject, entry.entry_kind, entry.direction, entry.dot_code, entry.image_hash, entry.request_id,
          entry.supersedes, entry.prev_hash, entry.entry_hash, entry.written_by, entry.written_at);
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
         case when run.direction = 'apply' and d ->> 'op' <> 'retire' then 'live' else 'released' end
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
  if run.request_id is null or run.request_id is distinct from p_request_id then
    perform iu_core.raise_bypass('closing run ' || coalesce(p_request_id, 'null'));
  end if;
  if (select d.ledgers from iu_core.dot d where d.dot_code = run.dot_code)
     and not jsonb_path_exists(run.observed, '$[*] ? (@.surface == "dot_ledger")') then
    perform iu_core.append_ledger(run, run.subject, case when run.subject like 'dot_tools/%' then 'registration' else 'run' end,
      iu_core.images_hash(run.observed));
  end if;
  run := iu_core.current_run();
  seen := iu_core.delta_digest(run.step, run.direction, run.observed);
  if seen is distinct from run.delta_digest then
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
declare
  moved bigint;
begin
  perform iu_core.assert_caller(p_dot_code);
  if exists (select from jsonb_array_elements(p_refs) d where not exists (select from iu_core.dot_surface m
               where m.dot_code = p_dot_code and m.surface = d ->> 'surface')) then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', p_dot_code || ' taking a claim on a surface that is not its own',
      'a surface that iu_core.dot_surface lists for it', 'use the DOT that may');
  end if;
  update iu_core.claim c set resource = p_resource
    from jsonb_array_elements(p_refs) d
   where c.surface = d ->> 'surface' and c.key = d ->> 'key' and c.status = 'live' and c.stack = p_stack;
  get diagnostics moved = row_count;
  -- Counted after the update: a claim that a retire released meanwhile is no longer there to be taken.
  if moved is distinct from (select count(*) from jsonb_array_elements(p_refs)) then
    perform iu_core.refuse('HOLD_CLAIMED_ELSEWHERE', 'C1H00', format('%s rows that stack %s claims', moved, coalesce(p_stack, 'null')),
      format('%s live claims of it', jsonb_array_length(p_refs)), 'npx pulumi preview');
  end if;
end $$;
