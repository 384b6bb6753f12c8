import { type Client, escapeIdentifier } from 'pg';
import { LOGINS, OWNER_ROLE } from './roles.ts';

export const PRISTINE = 'c1_pristine';
export const LIVE = 'directus';
/** Where administrative statements run: never in a database that is governed. */
export const MAINTENANCE = 'postgres';

export async function databaseExists(client: Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query('select from pg_catalog.pg_database where datname = $1', [name]);
  return rowCount === 1;
}

/**
 * Copies `template` (null: PostgreSQL's own empty one) to a new database. Rights on a database are not copied with it.
 */
export async function createDatabase(client: Client, name: string, template: string | null): Promise<void> {
  const from = template === null ? 'template0' : escapeIdentifier(template);
  await client.query(`create database ${escapeIdentifier(name)} template ${from} strategy wal_log`);
  await secureDatabase(client, name);
}

export async function dropDatabase(client: Client, name: string): Promise<void> {
  await openDatabase(client, name);
  await client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`);
}

/** A template that nobody can log in to, and so nobody can change. */
export async function sealDatabase(client: Client, name: string): Promise<void> {
  await client.query(`alter database ${escapeIdentifier(name)} with is_template true allow_connections false`);
}

export async function openDatabase(client: Client, name: string): Promise<void> {
  if (!(await databaseExists(client, name))) return;
  await client.query(`alter database ${escapeIdentifier(name)} with is_template false allow_connections true`);
}

/** Only our logins may connect, nobody may make temporary tables, and only the owner role may make schemas. */
export async function secureDatabase(client: Client, name: string): Promise<void> {
  const database = escapeIdentifier(name);
  const logins = LOGINS.map((login) => escapeIdentifier(login.name)).join(', ');
  await client.query(
    `revoke all on database ${database} from public;
     grant connect on database ${database} to ${logins};
     grant create on database ${database} to ${OWNER_ROLE}`,
  );
}

/** The databases that PostgreSQL brings are nobody's but the superuser's. */
export async function secureOwnDatabases(client: Client): Promise<void> {
  await client.query('revoke all on database postgres, template1 from public');
}
