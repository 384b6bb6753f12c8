import { readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOTS, VOTE_DOT_CODE } from '../../domain/dots.ts';
import { clientConfig, withClient, withSuperuser } from '../../runtime/connect.ts';
import { LIVE, MAINTENANCE } from '../../runtime/databases.ts';
import { statePaths } from '../../runtime/paths.ts';
import { DRY_RUN_SIGNERS, OPERATOR } from '../../runtime/stand-in-keys.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';
import { stateFolder } from '../support/state-folder.ts';

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createTestRuntime();
});
afterAll(() => runtime.dispose());

const DOT_LOGINS = DOTS.filter(({ code }) => code !== VOTE_DOT_CODE).map(({ login }) => login);
const READ_ONLY = ['auditor_ro', 'executor_ro'];
const VOTERS = ['voter_owner_1', 'voter_owner_2'];
const LOGINS = [...DOT_LOGINS, ...READ_ONLY, ...VOTERS];

async function rows(sql: string, login = 'auditor_ro', values: readonly unknown[] = []) {
  return (await (await runtime.pool(login)).query(sql, [...values])).rows;
}

describe('roles', () => {
  it('are the owner, the readers, the voters, one login per DOT, two read-only ones, two voters and the superuser', async () => {
    const found = await rows(
      `select rolname, rolcanlogin from pg_roles where rolname !~ '^pg_' order by rolname collate "C"`,
    );
    const expected = [...LOGINS, 'postgres'].map((rolname) => ({ rolname, rolcanlogin: true }));
    const groups = ['c1_gateway', 'c1_reader', 'c1_voter'].map((rolname) => ({ rolname, rolcanlogin: false }));
    expect(found).toEqual([...expected, ...groups].toSorted((a, b) => (a.rolname < b.rolname ? -1 : 1)));
  });

  it('have no power beside the superuser', async () => {
    const powerful = await rows(`select rolname from pg_roles where rolname !~ '^pg_'
      and (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls)`);
    expect(powerful).toEqual([{ rolname: 'postgres' }]);
  });

  it('read through one group and vote through another, as plain members', async () => {
    const members = await rows(`select m.roleid::regrole::text as group, m.member::regrole::text as name, m.admin_option
      from pg_auth_members m where m.roleid in (select oid from pg_roles where rolname !~ '^pg_') order by 1, 2`);
    const of = (group: string, logins: readonly string[]) =>
      logins.toSorted().map((name) => ({ group, name, admin_option: false }));
    expect(members).toEqual([...of('c1_reader', LOGINS), ...of('c1_voter', VOTERS)]);
    for (const login of VOTERS)
      expect(await rows('select count(*) > 0 as some from public.dot_tools', login)).toEqual([{ some: true }]);
  });

  it('may connect here, and PUBLIC may neither connect nor make temporary tables', async () => {
    const [acl] = await rows(`select has_database_privilege('public', current_database(), 'connect') as connect,
      has_database_privilege('public', current_database(), 'temporary') as temporary`);
    expect(acl).toEqual({ connect: false, temporary: false });
    await expect(rows('create temporary table t (n int)', 'dot_species_register')).rejects.toMatchObject({
      code: expect.stringMatching(/42501|C1R00/),
    });
  });

  it.each(['postgres', 'template1', 'c1_pristine'])('cannot enter database %s', async (database) => {
    const { port } = runtime;
    const client = new Client(await clientConfig(runtime.paths, { port, database, login: 'dot_species_register' }));
    await expect(client.connect()).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|55000)$/) });
  });

  it.each(READ_ONLY)('%s starts every transaction read-only and has no right to write either', async (login) => {
    expect(await rows('show default_transaction_read_only', login)).toEqual([{ default_transaction_read_only: 'on' }]);
    const rights = await rows(
      `select count(*)::int as n from pg_class c where c.relnamespace in ('public'::regnamespace, 'iu_core'::regnamespace)
      and c.relkind = 'r' and has_table_privilege($1, c.oid, 'insert, update, delete, truncate')`,
      'auditor_ro',
      [login],
    );
    expect(rights).toEqual([{ n: 0 }]);
  });

  it('of DOTs have no right on tables beside reading them', async () => {
    const rights = await rows(`select r.rolname, c.relname from pg_roles r, pg_class c
      where r.rolcanlogin and not r.rolsuper and c.relnamespace in ('public'::regnamespace, 'iu_core'::regnamespace) and c.relkind = 'r'
        and has_table_privilege(r.oid, c.oid, 'insert, update, delete, truncate, references, trigger, maintain')`);
    expect(rights).toEqual([]);
  });

  it('cannot make large objects, even in a session that says it only reads', async () => {
    for (const login of ['auditor_ro', 'dot_species_register', 'voter_owner_1']) {
      await expect(rows('select lo_create(0)', login)).rejects.toMatchObject({ code: '42501' });
      await expect(rows(`select lo_from_bytea(0, 'x')`, login)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('cannot become the owner role', async () => {
    await expect(rows('set role c1_gateway', 'dot_species_register')).rejects.toMatchObject({ code: '42501' });
  });
});

describe('a password that cannot be set', () => {
  it('is neither in a file nor in the server log, and the next start sets one', async () => {
    const folder = await stateFolder();
    try {
      const { port } = await folder.start();
      const file = path.join(folder.paths.secrets, 'voter_owner_1');
      await rm(file);
      const maintain = (sql: string) => withSuperuser(folder.paths, port, MAINTENANCE, (client) => client.query(sql));
      await maintain('alter database postgres set default_transaction_read_only = on');
      await expect(folder.start()).rejects.toMatchObject({
        code: 'ERROR_DATABASE',
        seen: expect.stringContaining('25006'),
      });
      await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
      const log = await readFile(folder.paths.log, 'utf8');
      expect(log).toContain('read-only transaction');
      expect(log).not.toMatch(/password '/);
      await maintain('begin read write; alter database postgres reset default_transaction_read_only; commit');
      await folder.start();
      const login = { port, database: LIVE, login: 'voter_owner_1' };
      await expect(withClient(folder.paths, login, (client) => client.query('select'))).resolves.toBeDefined();
    } finally {
      await folder.dispose();
    }
  });
});

describe('passwords', () => {
  it('are in one file per login, readable by nobody else, and all different', async () => {
    const { secrets } = statePaths(runtime.stateDir);
    expect((await readdir(secrets)).toSorted()).toEqual([...LOGINS, 'postgres', 'ssh'].toSorted());
    expect((await stat(secrets)).mode & 0o777).toBe(0o700);
    const seen = new Set<string>();
    for (const login of await passwordFiles(secrets)) {
      const file = path.join(secrets, login);
      expect((await stat(file)).mode & 0o777, login).toBe(0o600);
      seen.add(await readFile(file, 'utf8'));
    }
    expect(seen.size).toBe(LOGINS.length + 1);
  });

  it('stand beside the SSH keys of the stand-ins, which nobody else reads either', async () => {
    const folder = path.join(statePaths(runtime.stateDir).secrets, 'ssh');
    const keys = [OPERATOR, ...VOTERS, ...Object.values(DRY_RUN_SIGNERS)];
    expect((await readdir(folder)).toSorted()).toEqual(
      ['allowed_signers', ...keys.flatMap((name) => [name, `${name}.pub`])].toSorted(),
    );
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const name of ['allowed_signers', ...keys])
      expect((await stat(path.join(folder, name))).mode & 0o777, name).toBe(0o600);
  });

  it('are stored by PostgreSQL as SCRAM alone', async () => {
    const stored = await rows(
      `select rolname, left(rolpassword, 13) as kind from pg_authid where rolcanlogin`,
      'postgres',
    );
    expect(stored).toHaveLength(LOGINS.length + 1);
    expect(new Set(stored.map(({ kind }) => kind))).toEqual(new Set(['SCRAM-SHA-256']));
  });

  it('open a session when right and are refused when wrong', async () => {
    const target = { port: runtime.port, database: runtime.database, login: 'dot_species_register' };
    const config = await clientConfig(runtime.paths, target);
    await expect(new Client({ ...config, password: 'wrong' }).connect()).rejects.toMatchObject({ code: '28P01' });
    const client = new Client(config);
    await client.connect();
    await client.end();
  });

  it('are not in the server log', async () => {
    const { secrets, log } = statePaths(runtime.stateDir);
    const server = statePaths(path.join(runtime.stateDir, '..', '..'));
    expect(log).not.toBe(server.log);
    const text = await readFile(server.log, 'utf8');
    expect(text.length).toBeGreaterThan(0);
    for (const login of await passwordFiles(secrets)) {
      expect(text.includes((await readFile(path.join(secrets, login), 'utf8')).trim()), login).toBe(false);
    }
  });
});

async function passwordFiles(secrets: string): Promise<readonly string[]> {
  const files = (await readdir(secrets, { withFileTypes: true })).filter((entry) => entry.isFile());
  expect(files).toHaveLength(LOGINS.length + 1);
  return files.map(({ name }) => name);
}
