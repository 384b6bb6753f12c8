import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DOTS, VOTE_DOT_CODE } from '../../../domain/dots.ts';
import { LOGINS, VOTER_LOGINS } from '../../../runtime/roles.ts';
import { createTestRuntime, type TestRuntime } from '../../support/runtime.ts';
import { as, asOwner, attempt, BYPASS, NO_RIGHT, SUPERUSER } from './support/attempt.ts';

let runtime: TestRuntime;
let functions: readonly GatewayFunction[];
beforeAll(async () => {
  runtime = await createTestRuntime();
  functions = await as(runtime, SUPERUSER, async (client) => {
    // So that the types in the calls are written with their schemas.
    await client.query(`set search_path = ''`);
    return (await client.query<GatewayFunction>(FUNCTIONS)).rows;
  });
});
afterAll(() => runtime?.dispose());

interface GatewayFunction {
  readonly name: string;
  /** A call with nulls: who may not call it is told so before anything runs. */
  readonly call: string;
  readonly logins: readonly string[];
  readonly reader: boolean;
}

const FUNCTIONS = `select n.nspname || '.' || p.proname as name,
    format('select %s(%s)', p.oid::regproc, (select string_agg('null::' || format_type(t, null), ', ' order by o)
      from unnest(p.proargtypes::oid[]) with ordinality a(t, o))) as call,
    array(select r.rolname::text from pg_roles r where r.rolcanlogin and not r.rolsuper
             and has_function_privilege(r.oid, p.oid, 'execute') order by 1) as logins,
    has_function_privilege('c1_reader', p.oid, 'execute') as reader
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('public', 'iu_core') and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)`;

/** What every DOT may call, and what some may call beside the functions that are named for surface and operation. */
const DOOR = ['declare_run', 'open_run', 'close_run', 'take_claim'];
const OWN: Readonly<Record<string, readonly string[]>> = {
  DOT_COLLECTION_CREATE: ['collection_insert', 'collection_retire'],
  DOT_SCHEMA_ENSURE: ['table_contract_update', 'table_contract_revert'],
  DOT_MIGRATION_APPLY: ['bind_handler', 'unbind_handler'],
  DOT_LEDGER_APPEND: ['dot_ledger_append_admission'],
  DOT_BASELINE_RECORD: ['baseline_write'],
  // What an owner decides about a plan is no row of the governed surfaces.
  [VOTE_DOT_CODE]: ['decide_plan'],
};

/** The executor's gate: read-only, for those who read for the executor and for C1's own DOTs. */
const DISPATCH = 'public.fn_process_agent_api_dispatch';

/** The vote has a login for each owner, and none of its own. */
function loginsOf(code: string, login: string): readonly string[] {
  return code === VOTE_DOT_CODE ? VOTER_LOGINS : [login];
}

describe('a function of the runtime may be called', () => {
  test.each(
    DOTS.flatMap(({ code, login, writes }) => loginsOf(code, login).map((name) => [name, code, writes] as const)),
  )('by %s only where it is the door, a read, or its own by the matrix', (login, code, writes) => {
    const byMatrix = Object.entries(writes).flatMap(([surface, operations]) =>
      operations.map((operation) => `${surface}_${operation}`),
    );
    // The collection's DOT makes its table with the collection, and no other object.
    const named = code === 'DOT_COLLECTION_CREATE' ? byMatrix.filter((name) => !name.startsWith('schema_')) : byMatrix;
    const own = [...DOOR, ...named, ...(OWN[code] ?? [])].map((name) => `iu_core.${name}`);
    const allowed = new Set(code.startsWith('DOT_C1_') ? [...own, DISPATCH] : own);
    const may = functions.filter(({ logins, reader }) => logins.includes(login) && !reader).map(({ name }) => name);
    expect(may.filter((name) => !allowed.has(name))).toEqual([]);
    expect(may).toEqual(expect.arrayContaining(DOOR.map((name) => `iu_core.${name}`)));
  });

  test('by those who read only where it changes nothing', () => {
    const readers = functions.filter(({ logins }) => logins.includes('auditor_ro'));
    expect(readers.length).toBeGreaterThan(10);
    expect(readers.filter(({ reader }) => !reader).map(({ name }) => name)).toEqual([DISPATCH]);
  });

  test('nowhere by whoever has no right: each login is refused each function that it does not have', async () => {
    let tried = 0;
    for (const { name: login } of LOGINS) {
      await as(runtime, login, async (client) => {
        const others = functions.filter(({ logins }) => !logins.includes(login));
        for (const { call } of others) expect([call, await attempt(client, call)]).toEqual([call, NO_RIGHT]);
        tried += others.length;
      });
    }
    expect(tried).toBeGreaterThan(1000);
  });
});

describe('what only an installation may call', () => {
  const CALLS = [
    `select iu_core.put_setting('approvals', 'none')`,
    `select iu_core.put_domain('[]', '[]', '[]', '[]')`,
  ];
  test.each(CALLS)('%s is refused for owner and superuser', async (call) => {
    expect(await asOwner(runtime, (client) => attempt(client, call))).toBe(BYPASS);
    expect(await as(runtime, SUPERUSER, (client) => attempt(client, call))).toBe(BYPASS);
  });

  test('changes the matrix while event triggers are off, as they are in an installation', async () => {
    await as(runtime, SUPERUSER, async (client) => {
      await client.query('begin; set local event_triggers = off');
      expect(await attempt(client, CALLS[1] ?? '')).toBe('accepted');
      await client.query('rollback');
    });
  });
});

describe('no login', () => {
  const MANY = ['dot_species_register', 'dot_schema_ensure', 'auditor_ro', 'voter_owner_1'];
  const REFUSED = [
    'set role c1_gateway',
    'set role postgres',
    'set session authorization postgres',
    'set session authorization dot_schema_ensure2',
    'set session_replication_role = replica',
    'set event_triggers = off',
    'set allow_system_table_mods = on',
    'select lo_create(0)',
    `select lo_from_bytea(0, '\\x00')`,
    `select lo_import('/etc/hostname')`,
    `select pg_read_file('PG_VERSION')`,
    `copy (select 1) to program 'true'`,
    'create temporary table t (n int)',
    'create function pg_temp.now() returns timestamptz language sql return clock_timestamp()',
    'create table public.t (n int)',
    'create schema evil',
    'create role evil',
    `alter role postgres set event_triggers = off`,
    'alter database postgres set event_triggers = off',
    'grant c1_gateway to dot_015',
    'grant insert on public.species to dot_015',
    'create event trigger e on ddl_command_start execute function iu_core.fn_guard_ddl()',
    'alter event trigger "iu_create.gateway" disable',
    'drop owned by c1_gateway',
  ];
  test.each(MANY)('%s takes another role, a large object, a file or a definition', async (login) => {
    await as(runtime, login, async (client) => {
      await client.query('set default_transaction_read_only = off');
      for (const sql of REFUSED) {
        const outcome = await attempt(client, sql);
        expect([sql, [NO_RIGHT, BYPASS, '22023'].includes(outcome) ? 'refused' : outcome]).toEqual([sql, 'refused']);
      }
    });
  });
});
