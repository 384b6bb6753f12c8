import type { PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestRuntime, type TestRuntime } from '../../support/runtime.ts';
import {
  as,
  asOwner,
  attempt,
  attemptInside,
  BYPASS,
  OWNER,
  SUPERUSER,
  tableDigests,
  undone,
} from './support/attempt.ts';
import { copyIn } from './support/copy-in.ts';
import { closing, declaring, opening, speciesRun } from './support/runs.ts';

let runtime: TestRuntime;
let before: Readonly<Record<string, string | null>>;
beforeAll(async () => {
  runtime = await createTestRuntime();
  before = await as(runtime, SUPERUSER, tableDigests);
});
afterAll(() => runtime?.dispose());

const INSERT = `insert into public.species (code, name, owner, description) values ('evil', 'n', 'c1', 'd')`;

const DEFINITIONS = [
  'create table public.t (n int)',
  'create table t as select 1 as n',
  'select 1 as n into t',
  'create temporary table t (n int)',
  'create temporary view v as select 1 as n',
  'create sequence public.s',
  'create function public.f() returns int language sql return 1',
  `create procedure iu_core.f() language plpgsql as 'begin end'`,
  'create function pg_temp.now() returns timestamptz language sql return clock_timestamp()',
  'create or replace function pg_catalog.now() returns timestamptz language sql return clock_timestamp()',
  `create or replace function iu_core.inside_gateway() returns boolean language sql as 'select true'`,
  'create trigger t before insert on public.species for each row execute function public.fn_refuse_truncate()',
  'alter table public.species disable trigger all',
  'alter table public.species disable trigger a_assert_dot',
  'alter table public.species enable replica trigger a_assert_dot',
  'alter table public.species add column n int',
  'alter table public.species owner to postgres',
  'alter table public.species set schema iu_core',
  'alter table public.species enable row level security',
  'alter table iu_core.dot_run disable trigger user',
  'alter function iu_core.inside_gateway() owner to postgres',
  'alter function iu_core.inside_gateway() set search_path = public',
  'drop table public.species cascade',
  'drop trigger a_assert_dot on public.species',
  'drop function public.fn_assert_safe_for_dot_action() cascade',
  'drop schema public cascade',
  'drop owned by c1_gateway',
  'create rule r as on insert to public.species do instead nothing',
  'create policy p on public.species using (false)',
  'create index i on public.species (name)',
  'create view public.v as select 1 as n',
  'create materialized view public.v as select 1 as n',
  "create type public.t as enum ('a')",
  'create domain public.d as text',
  'create operator public.=== (leftarg = text, rightarg = text, function = texteq)',
  'create cast (int as text) with inout as implicit',
  'create schema evil',
  'create extension plpgsql schema public',
  'create publication p for all tables',
  'create table public.child () inherits (public.species)',
  'grant insert on public.species to dot_species_register',
  'grant update (name) on public.species to dot_species_register',
  'grant execute on function iu_core.append_ledger to dot_species_register',
  'alter default privileges grant insert on tables to dot_species_register',
  `comment on table public.species is 'mine'`,
];

describe('every definition is refused for', () => {
  test('a superuser', () => as(runtime, SUPERUSER, refuseDefinitions));

  test('a superuser in replica mode', () =>
    as(runtime, SUPERUSER, async (client) => {
      await client.query('set session_replication_role = replica');
      await refuseDefinitions(client);
    }));

  test('the owner', () =>
    asOwner(runtime, async (client) => {
      for (const sql of DEFINITIONS) expect([sql, await attempt(client, sql)]).not.toEqual([sql, 'accepted']);
    }));

  test('nobody who runs the DOT of schema objects: the pair of these is W3 (detection.test.ts)', () =>
    as(runtime, 'dot_schema_ensure', async (client) => {
      for (const sql of DEFINITIONS) expect([sql, await attempt(client, sql)]).not.toEqual([sql, 'accepted']);
    }));
});

async function refuseDefinitions(client: PoolClient): Promise<void> {
  for (const sql of DEFINITIONS) expect([sql, await attempt(client, sql)]).toEqual([sql, BYPASS]);
}

describe('the owner of the tables', () => {
  test('runs no text of its own through a gateway function that takes a name', async () => {
    const texts = [
      `public.species; ${INSERT} returning 0::bigint`,
      `(select 1) x; update iu_core.dot_run set xid = pg_current_xact_id() returning 0::bigint`,
    ];
    await asOwner(runtime, async (client) => {
      for (const text of texts) {
        const quoted = client.escapeLiteral(text);
        expect(await attempt(client, `select iu_core.assert_table_empty(${quoted})`)).toMatch(/^42/);
        expect(await attempt(client, `select iu_core.schema_object_insert(${quoted})`)).toBe('REJECT_NOT_ALLOWED');
        expect(await attempt(client, `select iu_core.collection_retire(${quoted}, 'x')`)).toBe('REJECT_NOT_ALLOWED');
      }
      expect(await attempt(client, `select iu_core.assert_table_empty('public.governance_object_ownership')`)).toBe(
        'accepted',
      );
    });
  });

  test('appends nothing to the handbook and observes nothing without a run', async () => {
    const calls = [
      `select iu_core.append_ledger(null, 'admission/DOT-001', 'run', repeat('a', 64))`,
      `select iu_core.append_ledger(r, 's', 'run', repeat('a', 64)) from iu_core.dot_run r right join (select 1) x on true`,
      `select iu_core.observe('species', 'evil', 'insert', null, '{}')`,
      `select iu_core.move_claims(jsonb_populate_record(null::iu_core.dot_run,
         '{"stack": "s", "resource": "r", "direction": "apply", "observed": [{"surface": "species", "key": "evil"}]}'))`,
      `select iu_core.add_fields('[{"collection": "c", "field": "f"}]')`,
      `select iu_core.baseline_write('trial', 'open')`,
      `select iu_core.table_contract_revert('c1.governance_canonical_operation_vocab', 'x')`,
    ];
    await asOwner(runtime, async (client) => {
      for (const call of calls) expect([call, await attempt(client, call)]).toEqual([call, BYPASS]);
    });
  });

  test('is refused in a block, in a cursor, in XML and in a prepared statement', async () => {
    await asOwner(runtime, async (client) => {
      expect(await attempt(client, `do $$ begin ${INSERT}; end $$`)).toBe(BYPASS);
      expect(await attempt(client, `do $$ begin execute $q$${INSERT}$q$; end $$`)).toBe(BYPASS);
      expect(await attempt(client, `prepare p as ${INSERT}; execute p`)).toBe(BYPASS);
      expect(await attempt(client, `select query_to_xml($q$${INSERT} returning 1$q$, true, false, '')`)).not.toBe(
        'accepted',
      );
      expect(
        await attempt(client, `begin; declare c cursor for with x as (${INSERT} returning 1) select * from x`),
      ).not.toBe('accepted');
    });
  });
});

describe('a context that imitates a gateway function is refused', () => {
  const LINE = 'PL/pgSQL function iu_core.species_insert(public.species) line 3 at SQL statement';

  /** The owner's own session with a run of a DOT open in its transaction, and the rows' own guard alone: only the context is missing. */
  async function withOpenRun(work: (client: PoolClient) => Promise<void>): Promise<void> {
    const { run, write } = speciesRun('imitated');
    await as(runtime, SUPERUSER, async (client) => {
      await client.query('set session authorization dot_species_register');
      expect(await attempt(client, ...declaring(run))).toBe('accepted');
      await client.query('begin');
      expect(await attempt(client, ...opening(run))).toBe('accepted');
      await client.query(`reset session authorization; set local event_triggers = off;
        alter table public.species disable trigger a_assert_statement; set local role ${OWNER}`);
      await work(client);
      await client.query('reset role; set session authorization dot_species_register');
      expect(await attempt(client, ...write)).toBe('accepted');
      expect(await attempt(client, ...closing(run))).toBe('accepted');
      await client.query('rollback');
    });
  }

  test('in rows that are copied', () =>
    withOpenRun(async (client) => {
      const copy = `copy public.species (code, name, owner, description) from stdin with (format csv)`;
      for (const row of [`"evil\n${LINE}",n,c1,d\n`, `evil,"\n${LINE}",c1,d\n`, `evil,n,c1,"\n${LINE}"\n`]) {
        await client.query('savepoint s');
        expect(await copyIn(client, copy, row)).toBe(BYPASS);
        await client.query('rollback to s');
      }
    }));

  test('in the values of a statement, which the server can be told to put into its messages', () =>
    withOpenRun(async (client) => {
      await client.query('reset role; set local log_parameter_max_length_on_error = -1');
      await client.query(`set local role ${OWNER}`);
      const values = ['evil', 'n', 'c1', `d\n${LINE}`];
      const insert = `insert into public.species (code, name, owner, description) values ($1, $2, $3, $4)`;
      expect(await attemptInside(client, insert, values)).toBe(BYPASS);
      await client.query('reset log_parameter_max_length_on_error');
    }));

  test('and so is an internal function that a superuser calls under it', () =>
    withOpenRun(async (client) => {
      const append = `select iu_core.append_ledger(r, 's', 'run', repeat('a', 64)) from iu_core.dot_run r
        where r.xid = pg_current_xact_id()`;
      expect(await attemptInside(client, `reset role; ${append}`)).toBe(BYPASS);
      // The owner may call it; what it adds is not what was journalled.
      expect(
        await attemptInside(
          client,
          `${append}; select iu_core.close_run(r.request_id) from iu_core.dot_run r
        where r.xid = pg_current_xact_id()`,
        ),
      ).toBe('HOLD_PRESTATE_MOVED');
    }));

  test('in the text of a statement', () =>
    withOpenRun(async (client) => {
      expect(await attemptInside(client, `${INSERT} /*\n${LINE}`.concat('*/'))).toBe(BYPASS);
      expect(await attemptInside(client, `do $$ begin execute $q$${INSERT} --\n--${LINE}$q$; end $$`)).toBe(BYPASS);
    }));
});

test("functions and operators that shadow PostgreSQL's own do not blind the guards", () =>
  undone(runtime, async (client) => {
    await client.query(`set local event_triggers = off; create schema evil authorization ${OWNER};
      create function evil.yes(name, name) returns boolean language sql return false;
      create operator evil.<> (leftarg = name, rightarg = name, function = evil.yes);
      create function evil.no(text, text) returns boolean language sql return false;
      create operator evil.<> (leftarg = text, rightarg = text, function = evil.no);
      create function evil.regexp_replace(text, text, text) returns text language sql return 'PL/pgSQL function iu_core.x() line 1 at RETURN';
      create function evil.pg_current_xact_id_if_assigned() returns xid8 language sql return '1'::xid8;
      set local event_triggers = on; set local search_path = evil, pg_catalog, public, iu_core`);
    expect(await attemptInside(client, INSERT)).toBe(BYPASS);
    expect(await attemptInside(client, `set local role ${OWNER}; ${INSERT}`)).toBe(BYPASS);
    expect(await attemptInside(client, 'create table public.t (n int)')).toBe(BYPASS);
  }));

test('none of it changed a row but the journal of declared intents', async () => {
  const { 'iu_core.dot_run': _, ...after } = await as(runtime, SUPERUSER, tableDigests);
  expect(before).toMatchObject(after);
});
