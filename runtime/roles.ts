import { type Client, escapeIdentifier, escapeLiteral } from 'pg';
import { DOTS, VOTE_DOT_CODE, VOTER_GROUP } from '../domain/dots.ts';
import type { StatePaths } from './paths.ts';
import { newPassword, readPassword, writePassword } from './secrets.ts';

export const OWNER_ROLE = 'c1_gateway';
export const READER_GROUP = 'c1_reader';
export const READ_ONLY_LOGINS = ['auditor_ro', 'executor_ro'] as const;
/** Stand-ins for the owners who vote; on a governed host these are people (authority.md). */
export const VOTER_LOGINS = ['voter_owner_1', 'voter_owner_2'] as const;

export interface Login {
  readonly name: string;
  readonly groups: readonly string[];
  readonly readOnly: boolean;
}

/** Roles that nobody can log in as. */
const GROUPS = [OWNER_ROLE, READER_GROUP, VOTER_GROUP];

/** Every role that can log in, besides the superuser. */
export const LOGINS: readonly Login[] = [
  ...DOTS.filter(({ code }) => code !== VOTE_DOT_CODE).map(({ login }) => reader(login, false)),
  ...READ_ONLY_LOGINS.map((name) => reader(name, true)),
  ...VOTER_LOGINS.map((name) => ({ name, groups: [READER_GROUP, VOTER_GROUP], readOnly: false })),
];

function reader(name: string, readOnly: boolean): Login {
  return { name, groups: [READER_GROUP], readOnly };
}

const POWERLESS = 'nosuperuser nocreatedb nocreaterole noreplication nobypassrls';

/**
 * Makes the roles that are missing, puts each login into its groups and gives it the password of its file; names what it
 * made. Files are written after the commit: a login without a file gets a new password at the next start, one with a
 * wrong file never would.
 */
export async function ensureRoles(client: Client, paths: StatePaths): Promise<readonly string[]> {
  const there = await roleNames(client);
  const groups = GROUPS.filter((name) => !there.has(name));
  const logins = await loginsToSet(paths, there);
  const grants = await missingGrants(client);
  if (groups.length + logins.length + grants.length === 0) return [];
  const statements = [
    // A failing statement is written to the server's log, and these hold passwords.
    "set local log_min_error_statement = 'panic'",
    ...groups.map((name) => `create role ${name} nologin ${POWERLESS}`),
    ...logins.flatMap((login) => loginStatements(login, there)),
    ...grants,
  ];
  await client.query(`begin; ${statements.join('; ')}; commit`);
  for (const { name, password } of logins) await writePassword(paths, name, password);
  return [...groups, ...logins.map(({ name }) => name)];
}

async function missingGrants(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ member: string; role: string }>(
    `select m.rolname as member, g.rolname as role from pg_catalog.pg_auth_members a
       join pg_catalog.pg_roles m on m.oid = a.member join pg_catalog.pg_roles g on g.oid = a.roleid`,
  );
  const there = new Set(rows.map(({ member, role }) => `${role} to ${member}`));
  return LOGINS.flatMap(({ name, groups }) => groups.map((group) => ({ name, group })))
    .filter(({ name, group }) => !there.has(`${group} to ${name}`))
    .map(({ name, group }) => `grant ${group} to ${escapeIdentifier(name)}`);
}

async function roleNames(client: Client): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ rolname: string }>('select rolname from pg_catalog.pg_roles');
  return new Set(rows.map(({ rolname }) => rolname));
}

interface LoginToSet extends Login {
  readonly password: string;
}

async function loginsToSet(paths: StatePaths, there: ReadonlySet<string>): Promise<readonly LoginToSet[]> {
  const kept = await Promise.all(LOGINS.map(({ name }) => readPassword(paths, name)));
  return LOGINS.map((login, at) => ({ ...login, kept: kept[at] ?? null }))
    .filter((login) => !there.has(login.name) || login.kept === null)
    .map(({ kept: password, ...login }) => ({ ...login, password: password ?? newPassword() }));
}

function loginStatements(login: LoginToSet, there: ReadonlySet<string>): readonly string[] {
  const name = escapeIdentifier(login.name);
  const verb = there.has(login.name) ? 'alter' : 'create';
  return [
    `${verb} role ${name} login ${POWERLESS} password ${escapeLiteral(login.password)}`,
    ...(login.readOnly ? [`alter role ${name} set default_transaction_read_only = on`] : []),
  ];
}
