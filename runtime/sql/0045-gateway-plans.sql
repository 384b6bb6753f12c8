-- What owners decide about a plan (review.md, "Approval"). The owner's own login is one proof; his SSH signature, which
-- bins check, is the other.

-- Twin of approvalStatement in domain/approval/statement.ts. What bins cannot read stops the stack for good, because it
-- could be a denial: nothing else is entered.
create function iu_core.is_plan_statement(s jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
return coalesce(
  jsonb_path_exists(s, 'strict $ ? (@.schema == "c1.approval/v1" && (@.decision == "approve" || @.decision == "deny")
    && (@.direction == "apply" || @.direction == "retire") && @.stack like_regex "^[ -~]{1,100}$"
    && @.plan_digest like_regex "^[0-9a-f]{64}$" && @.approver.type() == "string"
    && @.expires_at like_regex "^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
    && @.ledger.entries.type() == "number" && (@.ledger.head == null || @.ledger.head.type() == "string")
    && @.target.type() == "object" && @.bins.digest like_regex "^[0-9a-f]{64}$" && @.bins.brought.type() == "object"
    && !exists(@.bins.keyvalue() ? (!(@.key like_regex "^(digest|brought)$")))
    && !exists(@.bins.brought.keyvalue() ? (!(@.value.type() == "array"))) && @.steps.type() == "array" && @.steps.size() > 0 && @.steps.size() <= 16
    && !exists(@.keyvalue() ? (!(@.key like_regex "^(schema|stack|target|direction|plan_digest|ledger|bins|steps|approver|decision|expires_at)$")))
    && !exists(@.ledger.keyvalue() ? (!(@.key like_regex "^(entries|head)$"))))', silent => true)
  and jsonb_path_query_array(s, 'strict $.bins.brought.keyvalue().value[*]', silent => true)
    = jsonb_path_query_array(s, 'strict $.bins.brought.keyvalue().value[*] ? (@ like_regex "^[0-9a-f]{64}$")', silent => true)
  and s #>> '{ledger,entries}' ~ '^[0-9]{1,15}$'
  and jsonb_path_query_array(s, 'strict $.steps[*]', silent => true)
    = jsonb_path_query_array(s, 'strict $.steps[*] ? (@.id like_regex "^(BASELINE|H[12346]|PREWRITE|W[1-9])$"
        && @.definition_digest like_regex "^[0-9a-f]{64}$" && @.step_digest like_regex "^[0-9a-f]{64}$"
        && @.deltas.type() == "array" && @.deltas.size() <= 200
        && !exists(@.keyvalue() ? (!(@.key like_regex "^(id|definition_digest|step_digest|deltas)$"))))', silent => true)
  and jsonb_path_query_array(s, 'strict $.steps[*].deltas[*]', silent => true)
    = jsonb_path_query_array(s, 'strict $.steps[*].deltas[*] ? (@.resource like_regex "^[ -~]{1,100}$" && @.digest like_regex "^[0-9a-f]{64}$"
        && !exists(@.keyvalue() ? (!(@.key like_regex "^(resource|digest)$"))))', silent => true), false);

-- Who may decide, and about what: this runtime, in one's own name, for a while.
create function iu_core.assert_plan_statement(s jsonb, p_signature text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  here jsonb := jsonb_build_object('system', (select c.system_identifier::text from pg_control_system() c),
    'database', (select d.oid::text from pg_database d where d.datname = current_database()));
begin
  if not iu_core.is_plan_statement(s) or coalesce(p_signature, '') not like '-----BEGIN SSH SIGNATURE-----%'
     or length(p_signature) > 10000 then
    perform iu_core.refuse('ERROR_PAYLOAD_INVALID', 'C1E00', 'a decision of another shape', 'a signed statement c1.approval/v1', 'npx c1 approve');
  end if;
  if s ->> 'approver' is distinct from session_user::text then
    perform iu_core.refuse('REJECT_NOT_ALLOWED', 'C1R00', format('%s deciding as %s', session_user, s ->> 'approver'),
      'a decision of one''s own', 'npx c1 approve with one''s own login');
  end if;
  if (s -> 'target') - 'ssh_host_key' is distinct from here
     or not coalesce(jsonb_path_exists(s, 'strict $.target.ssh_host_key ? (@ == null || @ like_regex "^[ -~]{1,100}$")', silent => true), false) then
    perform iu_core.refuse('REJECT_PLAN_OTHER_TARGET', 'C1R00', format('a decision about %s', s -> 'target'), here::text, 'npx c1 plan, and decide about that plan');
  end if;
  if not coalesce((s ->> 'expires_at')::timestamptz between clock_timestamp() and clock_timestamp() + interval '72 hours', false)
     and s ->> 'decision' = 'approve' then
    perform iu_core.refuse('REJECT_PLAN_EXPIRED', 'C1R00', format('an approval until %s, and it is %s', coalesce(s ->> 'expires_at', 'no time'), clock_timestamp()),
      'a time to come, within 72 hours', 'npx c1 approve');
  end if;
end $$;

-- The runs that a statement decides about.
create function iu_core.decided_deltas(s jsonb) returns table (step text, step_digest text, resource text, delta_digest text)
language sql immutable set search_path = pg_catalog, pg_temp
begin atomic
  select t ->> 'id', t ->> 'step_digest', d ->> 'resource', d ->> 'digest'
    from jsonb_array_elements(s -> 'steps') t left join jsonb_array_elements(t -> 'deltas') d on true;
end;

-- A denial stays: of the step as it was planned, and of each of its runs.
create function iu_core.assert_not_denied(s jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  denied record;
begin
  select c.step, p.approver into denied
    from iu_core.decided_deltas(s) c
    join iu_core.plan_statement p on p.statement ->> 'decision' = 'deny' and p.statement ->> 'stack' = s ->> 'stack'
                                 and p.statement ->> 'direction' = s ->> 'direction'
    join lateral iu_core.decided_deltas(p.statement) o
      on o.step = c.step and (o.step_digest = c.step_digest or (o.resource, o.delta_digest) = (c.resource, c.delta_digest))
   limit 1;
  if found then
    perform iu_core.refuse('REJECT_PLAN_DENIED', 'C1R00', format('an approval of %s, which %s denied', denied.step, denied.approver),
      'a step that nobody denied', 'change what the step brings, then npx c1 plan');
  end if;
end $$;

create function iu_core.decide_plan(p_statement jsonb, p_signature text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  own_digest text := iu_core.digest(p_statement);
begin
  perform iu_core.assert_clock();
  perform iu_core.assert_plan_statement(p_statement, p_signature);
  -- A denial that is under way is waited for, and counts.
  perform pg_advisory_xact_lock(hashtext('iu_core.plan_statement'));
  if exists (select from iu_core.plan_statement p where p.sha256 = own_digest) then
    return 'NOOP_ALREADY_THERE';
  end if;
  if p_statement ->> 'decision' = 'approve' then
    perform iu_core.assert_not_denied(p_statement);
  end if;
  insert into iu_core.plan_statement (sha256, statement, signature) values (own_digest, p_statement, p_signature);
  insert into iu_core.approved_delta (sha256, stack, step, direction, resource, delta_digest, decision, expires_at)
  select own_digest, p_statement ->> 'stack', d.step, p_statement ->> 'direction', d.resource, d.delta_digest,
         p_statement ->> 'decision', (p_statement ->> 'expires_at')::timestamptz
    from iu_core.decided_deltas(p_statement) d where d.delta_digest is not null;
  return 'OK_APPLIED';
end $$;
