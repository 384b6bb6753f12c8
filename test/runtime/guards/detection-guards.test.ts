import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestRuntime } from '../../support/runtime.ts';
import { as, SUPERUSER } from './support/attempt.ts';
import { behindGuards, createAppliedRuntime, judged, verdict } from './support/tamper.ts';

/** What a superuser can do is not prevented; each of these is seen by the next readback. */
let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createAppliedRuntime();
});
afterAll(() => runtime?.dispose());

const SEEN = 'HOLD_GUARD_CHANGED';

const TRIGGERS = [
  'alter table public.species disable trigger a_assert_dot',
  'alter table public.species enable trigger a_assert_dot',
  'alter table public.species enable replica trigger a_assert_statement',
  'drop trigger z_record_delta on public.species',
  'alter table iu_core.dot_run disable trigger z_run_is_closed',
  'alter table iu_core.claim disable trigger user',
  'create trigger b before insert on public.species for each row execute function public.fn_record_delta()',
  `update pg_trigger set tgenabled = 'D' where tgname = 'a_assert_dot'`,
  `update pg_class set relhastriggers = false where oid = 'public.species'::regclass`,
  `update pg_trigger set tgenabled = 'D' where tgisinternal and tgrelid = 'public.birth_registry'::regclass`,
  'alter event trigger "iu_create.gateway" disable',
  'alter event trigger "iu_create.gateway.drop" enable',
  'drop event trigger "iu_create.gateway"',
];

const FUNCTIONS = [
  `create or replace function iu_core.inside_gateway() returns boolean language sql as 'select true'`,
  `create or replace function public.fn_birth_gate() returns trigger language plpgsql as 'begin return new; end'`,
  'alter function iu_core.open_run(text, text, jsonb, text) owner to postgres',
  'alter function iu_core.inside_gateway() reset search_path',
  'create function iu_core.more() returns int language sql return 1',
  `create procedure iu_core.more() language plpgsql security definer as 'begin end'`,
  'create aggregate iu_core.more(int) (sfunc = int4pl, stype = int)',
  `update pg_proc set prosrc = 'select true' where proname = 'inside_gateway'`,
  // A right that becomes the end of a source that nobody reads.
  `update pg_proc set prosrc = prosrc || ' ' || proacl::text, proacl = null where proname = 'pg_read_file' and proacl is not null`,
  'create or replace function pg_catalog.pg_get_viewdef(oid) returns text language sql return $1::text',
  'create function pg_catalog.more() returns int language sql return 1',
  'create operator public.=== (leftarg = text, rightarg = text, function = texteq)',
  'create cast (int as text) with inout as implicit',
];

const TABLES = [
  'alter table public.species add column more int',
  'alter table public.species alter column name drop not null',
  `alter table public.species alter column status set default 'retired'`,
  'alter table public.species drop constraint species_code_check',
  'alter table public.species owner to postgres',
  'alter table public.table_registry set unlogged',
  'drop index public.one_live_grant_per_carrier',
  'alter table public.species enable row level security',
  'create policy p on public.species using (false)',
  'create rule r as on insert to public.species do instead nothing',
  'create table public.child () inherits (public.species)',
  'create view public.more as select 1 as n',
  'create schema evil',
  `create or replace view iu_core.v_baseline as select b.* from iu_core.baseline b where false`,
];

const RIGHTS = [
  'alter role dot_species_register superuser',
  'alter role dot_species_register createrole',
  'alter role c1_gateway login',
  'create role more',
  'grant c1_gateway to dot_species_register',
  'grant c1_reader to auditor_ro with admin option',
  'grant c1_voter to dot_310',
  'grant c1_voter to voter_owner_1 with admin option',
  'revoke c1_voter from voter_owner_1',
  'alter role c1_voter login',
  'alter role auditor_ro set default_transaction_read_only = off',
  'alter role postgres set event_triggers = off',
  'grant insert on public.species to dot_species_register',
  'grant update (name) on public.species to dot_species_register',
  'revoke select on public.species from c1_reader',
  'grant create on schema public to dot_species_register',
  'grant execute on function iu_core.record_install to dot_species_register',
  'grant execute on function lo_create(oid) to public',
  'grant execute on function lo_from_bytea(oid, bytea) to auditor_ro',
  'grant execute on function pg_read_file(text) to auditor_ro',
  'alter default privileges grant insert on tables to dot_species_register',
];

const COPIES = [
  behindGuards(
    'iu_core.dot_surface',
    `insert into iu_core.dot_surface values ('DOT_SPECIES_MAP', 'species', 'retire')`,
  ),
  behindGuards('iu_core.dot', `update iu_core.dot set login = 'dot_evil' where dot_code = 'DOT-015'`),
  behindGuards('iu_core.dot', `update iu_core.dot set ledgers = false where dot_code = 'DOT_SPECIES_REGISTER'`),
  behindGuards('iu_core.surface', `update iu_core.surface set assigned_columns = '{name}' where surface = 'species'`),
  behindGuards('iu_core.object_definition', `update iu_core.object_definition set source = source || ' '`),
  behindGuards('iu_core.setting', `update iu_core.setting set value = 'required' where name = 'approvals'`),
];

describe('a change is seen of', () => {
  const ALL = { triggers: TRIGGERS, functions: FUNCTIONS, tables: TABLES, rights: RIGHTS, 'the domain copy': COPIES };
  describe.each(Object.entries(ALL))('%s:', (_, statements) => {
    test.each(statements.map((statement) => [statement.replace(/\s+/g, ' ').slice(0, 160), statement]))(
      '%s',
      async (_, statement) => {
        expect(await judged(runtime, statement)).toBe(SEEN);
      },
    );
  });

  test('settings of this database, for everybody and for one role', async () => {
    const { database } = runtime;
    expect(await judged(runtime, `alter database ${database} set event_triggers = off`)).toBe(SEEN);
    const role = `alter role auditor_ro in database ${database} set default_transaction_read_only = off`;
    expect(await judged(runtime, role)).toBe(SEEN);
    expect(await judged(runtime, `grant temporary on database ${database} to public`)).toBe(SEEN);
  });

  test('event triggers that are off in the session that reads', async () => {
    await as(runtime, SUPERUSER, async (client) => {
      expect(await verdict(client)).toBe('whole');
      await client.query('set event_triggers = off');
      expect(await verdict(client)).toBe('HOLD_GUARD_CHANGED');
    });
  });
});

test('what changes no guard is not taken for a change', async () => {
  const statements = ['analyze public.species', 'set local search_path = public', `set local lc_messages = 'C'`];
  expect(await judged(runtime, ...statements)).toBe('whole');
});
