import type { ClientBase } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SURFACES } from '../../../domain/surfaces.ts';
import { LOGINS, READ_ONLY_LOGINS } from '../../../runtime/roles.ts';
import { createTestRuntime, type TestRuntime } from '../../support/runtime.ts';
import {
  as,
  asOwner,
  attempt,
  attemptInside,
  BYPASS,
  NO_RIGHT,
  SUPERUSER,
  tableDigests,
  tableNames,
  undone,
} from './support/attempt.ts';
import { type RawStatement, rawStatements } from './support/raw-statements.ts';

let runtime: TestRuntime;
let statements: readonly RawStatement[];
let before: Readonly<Record<string, string | null>>;
beforeAll(async () => {
  runtime = await createTestRuntime();
  await as(runtime, SUPERUSER, async (client) => {
    statements = await rawStatements(client);
    before = await tableDigests(client);
  });
});
afterAll(() => runtime?.dispose());

/** What came of each statement, where it is not what was expected; and a count, so that none tried never reads as passed. */
async function tryAll(client: ClientBase, expected: string) {
  const others: string[] = [];
  for (const { table, operation, sql } of statements) {
    const outcome = await attempt(client, sql);
    if (outcome !== expected) others.push(`${operation} on ${table}: ${outcome}`);
  }
  return { tried: statements.length, others };
}

function statementGuardsOff(all: readonly RawStatement[]): string {
  return [...new Set(all.map(({ table }) => table))]
    .map(
      (table) =>
        `alter table ${table} disable trigger ${table.startsWith('iu_core') ? 'a_guard' : 'a_assert'}_statement`,
    )
    .join('; ');
}

describe('the tables', () => {
  test('are those of the surfaces and the bookkeeping, and no other', async () => {
    const tables = await as(runtime, SUPERUSER, tableNames);
    const governed = Object.values(SURFACES).flatMap(({ table }) => (table === null ? [] : [table]));
    const bookkeeping = tables.filter((name) => name.startsWith('iu_core.'));
    expect(bookkeeping).toHaveLength(12);
    expect(tables).toEqual([...new Set([...governed, ...bookkeeping])].toSorted());
    expect(new Set(statements.map(({ table }) => table))).toEqual(new Set(tables));
  });

  test('all belong to the role that nobody can log in as', async () => {
    const { rows } = await (await runtime.pool('auditor_ro')).query(
      `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('public', 'iu_core') and c.relkind in ('r', 'v', 'S')
          and (c.relowner <> 'c1_gateway'::regrole or (select r.rolcanlogin from pg_roles r where r.oid = c.relowner))`,
    );
    expect(rows).toEqual([]);
  });
});

describe('raw SQL', () => {
  test.each(LOGINS.map(({ name }) => name))('by %s is refused for want of a right', async (login) => {
    const result = await as(runtime, login, async (client) => {
      // Read-only by default is a setting that everybody may change; the missing right is not.
      await client.query('set default_transaction_read_only = off');
      return tryAll(client, NO_RIGHT);
    });
    expect(result).toEqual({ tried: statements.length, others: [] });
  });

  test.each(READ_ONLY_LOGINS)('by %s as it logs in is refused, because it only reads', async (login) => {
    const result = await as(runtime, login, (client) => tryAll(client, '25006'));
    expect(result.others.filter((other) => !other.endsWith(NO_RIGHT))).toEqual([]);
  });

  test('by the owner of the tables is refused as a bypass', async () => {
    expect(await asOwner(runtime, (client) => tryAll(client, BYPASS))).toEqual({
      tried: statements.length,
      others: [],
    });
  });

  test('by a superuser is refused as a bypass', async () => {
    expect(await as(runtime, SUPERUSER, (client) => tryAll(client, BYPASS))).toEqual({
      tried: statements.length,
      others: [],
    });
  });

  test('by a superuser in replica mode, which switches ordinary triggers off, is refused all the same', async () => {
    const result = await as(runtime, SUPERUSER, async (client) => {
      await client.query('set session_replication_role = replica');
      return tryAll(client, BYPASS);
    });
    expect(result).toEqual({ tried: statements.length, others: [] });
  });

  test('is refused row by row as well, when the guards of whole statements are gone and ordinary triggers off', async () => {
    const operations = ['insert', 'update', 'delete'];
    const result = await undone(runtime, async (client) => {
      await client.query(`set local event_triggers = off; ${statementGuardsOff(statements)};
        set local session_replication_role = replica`);
      const others: string[] = [];
      for (const { table, operation, sql } of statements.filter((each) => operations.includes(each.operation))) {
        const outcome = await attemptInside(client, sql);
        const isEmpty = before[table] === null && operation !== 'insert';
        if (outcome !== (isEmpty ? 'accepted' : BYPASS)) others.push(`${operation} on ${table}: ${outcome}`);
      }
      return others;
    });
    expect(result).toEqual([]);
    expect(Object.values(before).filter((digest) => digest !== null).length).toBeGreaterThan(20);
  });

  test('by a superuser who took the login of a DOT is refused for want of a right', async () => {
    const result = await as(runtime, SUPERUSER, async (client) => {
      await client.query('set session authorization dot_species_register');
      return tryAll(client, NO_RIGHT);
    });
    expect(result).toEqual({ tried: statements.length, others: [] });
  });

  test('by all of them changed nothing', async () => {
    expect(await as(runtime, SUPERUSER, tableDigests)).toEqual(before);
  });
});

describe('beside the tables', () => {
  test('no login may move a sequence', async () => {
    const { rows } = await (await runtime.pool('auditor_ro')).query<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c where c.relkind = 'S'`,
    );
    expect(rows.length).toBeGreaterThan(0);
    await as(runtime, 'dot_species_register', async (client) => {
      for (const { name } of rows) expect(await attempt(client, `select setval('${name}', 1)`)).toBe(NO_RIGHT);
    });
  });

  test('no view takes rows, not even from a superuser', async () => {
    const views = ['iu_core.v_ledger_live', 'iu_core.v_baseline', 'iu_core.v_schema_object'];
    await as(runtime, SUPERUSER, async (client) => {
      for (const view of views) expect(await attempt(client, `insert into ${view} default values`)).toBe('55000');
    });
  });
});
