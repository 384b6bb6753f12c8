import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from 'pg';
import { digestOf, type Json, sha256Hex } from '../domain/canonical.ts';
import { domainCopy } from '../domain/install.ts';
import { STAGING_LABELS } from '../domain/label.ts';
import { OWNER_ROLE } from './roles.ts';
import type { SeedRow } from './seed/row.ts';
import { seedLedger, seedTables } from './seed/tables.ts';

/** One numbered change of a database, applied once, in one transaction. */
export interface Migration {
  readonly name: string;
  /** Of the content: an applied migration must never change. */
  readonly sha256: string;
  readonly apply: (client: Client) => Promise<void>;
}

const SQL_FOLDER = path.join(import.meta.dirname, 'sql');
const SHORT_HASH = 12;

/** Every migration in the order of its number: the SQL files, and between them the rows that come from TypeScript. */
export async function migrations(): Promise<readonly Migration[]> {
  const files = (await readdir(SQL_FOLDER)).filter((file) => file.endsWith('.sql'));
  const fromFiles = await Promise.all(files.map(sqlMigration));
  const all = [...fromFiles, schemas(), seed(), domain(), settings()];
  return all.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

async function sqlMigration(file: string): Promise<Migration> {
  const text = await readFile(path.join(SQL_FOLDER, file), 'utf8');
  return {
    name: path.basename(file, '.sql'),
    sha256: sha256Hex(text),
    apply: async (client) => {
      await client.query(text);
    },
  };
}

/** What 0010 needs to stand on, and what PUBLIC may not do in any database of ours. */
function schemas(): Migration {
  const text = `create schema iu_core authorization ${OWNER_ROLE};
    revoke create on schema public from public;
    do $$ declare f regprocedure; begin
      for f in select p.oid from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace
                and (p.proname like 'lo\\_%' or p.proname in ('lowrite', 'loread')) loop
        execute format('revoke execute on function %s from public', f);
      end loop;
    end $$`;
  return { name: '0001-schemas', sha256: sha256Hex(text), apply: async (client) => void (await client.query(text)) };
}

/** Starting rows; they come before the guards, which would refuse them. */
function seed(): Migration {
  const tables = seedTables();
  const ledger = seedLedger();
  return {
    name: '0025-seed',
    sha256: digestOf([...tables, { table: 'dot_ledger', rows: ledger }].map(({ table, rows }) => [table, rows])),
    apply: async (client) => {
      for (const { table, rows } of tables) await insertRows(client, `public.${table}`, rows);
      await insertLedger(client, ledger);
    },
  };
}

/** Columns that no row names keep their defaults; identity columns number themselves in the order given. */
async function insertRows(client: Client, table: string, rows: readonly SeedRow[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {}).map((column) => client.escapeIdentifier(column));
  await client.query(
    `insert into ${table} (${columns.join(', ')})
     select ${columns.join(', ')} from jsonb_populate_recordset(null::${table}, $1)`,
    [JSON.stringify(rows)],
  );
}

async function insertLedger(client: Client, entries: readonly SeedRow[]): Promise<void> {
  let previous = '0'.repeat(64);
  for (const entry of entries) {
    const { rows } = await client.query<{ entry_hash: string }>(
      `insert into public.dot_ledger
       select (jsonb_populate_record(e, jsonb_build_object('entry_hash', iu_core.ledger_entry_hash(e)))).*
         from jsonb_populate_record(null::public.dot_ledger, $1) e returning entry_hash`,
      [JSON.stringify({ ...entry, prev_hash: previous })],
    );
    previous = rows[0]?.entry_hash ?? '';
  }
}

/** Its name carries its content, so that another version of the domain data is another migration. */
function domain(): Migration {
  const copy = domainCopy();
  const sha256 = digestOf(copy as Json);
  const values = [copy.surfaces, copy.dots, copy.matrix, copy.objects].map((rows) => JSON.stringify(rows));
  return {
    name: `0026-domain-copy@${sha256.slice(0, SHORT_HASH)}`,
    sha256,
    apply: async (client) => {
      if (await isGuarded(client)) await client.query('select iu_core.put_domain($1, $2, $3, $4)', values);
      else await insertDomain(client, values);
    },
  };
}

const DOMAIN_TABLES = ['surface', 'dot', 'dot_surface', 'object_definition'] as const;

/** Before the guards stand: they are made from these very rows. */
async function insertDomain(client: Client, values: readonly string[]): Promise<void> {
  for (const [at, table] of DOMAIN_TABLES.entries()) {
    const name = `iu_core.${table}`;
    await client.query(`insert into ${name} select * from jsonb_populate_recordset(null::${name}, $1)`, [values[at]]);
  }
}

/** Whether the installer's own functions may write iu_core: since 0090 they belong to the role that the guards ask for. */
export async function isGuarded(client: Client): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from pg_proc p where p.pronamespace = to_regnamespace('iu_core') and p.proname = 'record_install'
        and p.proowner = $1::regrole`,
    [OWNER_ROLE],
  );
  return rowCount === 1;
}

/** Set once: an embedded runtime needs no owner's approval of a plan, and says what it is. */
function settings(): Migration {
  const rows = [
    { name: 'approvals', value: 'none' },
    { name: 'label', value: STAGING_LABELS.join(' ') },
  ];
  return {
    name: '0027-settings',
    sha256: digestOf(rows),
    apply: (client) => insertRows(client, 'iu_core.setting', rows),
  };
}
