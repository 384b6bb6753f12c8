import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../executor/database.ts';
import { RELEASE } from '../../executor/release.ts';
import { type PostgresProxy, startProxy } from '../dots/support/proxy.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';
import { configFor, KG_PLAN, refusal, refusalOf, type Service, startService } from './support/service.ts';

const AWAY = refusal(503, 'ERROR_RUNTIME_UNREACHABLE');

let runtime: TestRuntime;
let proxy: PostgresProxy;
let service: Service;

beforeAll(async () => {
  runtime = await createTestRuntime();
  proxy = await startProxy(runtime.port);
  service = await startService(RELEASE, configFor(runtime, { database: { port: proxy.port } }));
});
afterAll(async () => {
  await service.close();
  await proxy.close();
  await runtime.dispose();
});

describe('a write from inside a transaction of the executor is impossible', () => {
  const insert = {
    name: 'write',
    text: "insert into public.species (code, name, owner, description) values ('x-y', 'x', 'x', 'x')",
  };

  test('by the mode of the transaction, even for a superuser', async () => {
    const { database: config } = configFor(runtime, { database: { login: 'postgres' } });
    const database = openDatabase(config, () => undefined);
    await expect(database.read(insert)).rejects.toMatchObject({
      code: 'ERROR_DATABASE',
      seen: expect.stringMatching(/^25006 cannot execute INSERT in a read-only transaction/),
    });
    await database.close();
  });

  test('by the role, even where the transaction could', async () => {
    const client = await (await runtime.pool('executor_ro')).connect();
    await client.query('begin read write');
    expect((await client.query('show transaction_read_only')).rows).toEqual([{ transaction_read_only: 'off' }]);
    await expect(client.query(insert.text)).rejects.toMatchObject({ code: '42501' });
    await client.query('rollback');
    const plain = await client.query('show transaction_read_only');
    expect(plain.rows).toEqual([{ transaction_read_only: 'on' }]);
    client.release();
  });

  test.each([
    ['set transaction read write', /^42601 /],
    ['commit; begin read write', /^42601 /],
    ["select set_config('transaction_read_only', 'off', true)", /^25001 /],
  ])('and the code of a release cannot change the mode: %s', async (text, seen) => {
    const database = openDatabase(configFor(runtime).database, () => undefined);
    const changed = { name: 'mode', text };
    await expect(database.read(changed, insert)).rejects.toMatchObject({
      code: 'ERROR_DATABASE',
      seen: expect.stringMatching(seen),
    });
    await database.close();
  });

  test('and the same service reads on', async () => {
    expect((await service.dispatch(KG_PLAN)).status).toBe(200);
    const own = proxy.statements.filter((one) => !one.startsWith('prepare '));
    expect(own).toContainEqual(`begin read only; execute "plan"('DOT_KG_EXPLAIN'); commit`);
    expect(own.every((one) => /^begin read only; (execute "[a-z0-9-]+"(\('[A-Z_]+'\))?; )+commit$/.test(one))).toBe(
      true,
    );
  });

  test('/health says so, and says it where a login could write', async () => {
    const well = await service.get('/health');
    expect([well.status, well.json.writes_db, well.json.status]).toEqual([200, false, 'ok']);
    const careless = await startService(RELEASE, configFor(runtime, { database: { login: 'postgres' } }));
    const ill = await careless.get('/health');
    expect([ill.status, ill.json.writes_db, ill.json.status]).toEqual([503, true, 'degraded']);
    await careless.close();
  });
});

describe('a database that goes away', () => {
  test('in the middle of a request: 503, and the next request is answered', async () => {
    const stop = proxy.stopAt(/^begin read only; /, 'before');
    const answer = service.dispatch(KG_PLAN);
    await stop.reached;
    stop.cut();
    expect(refusalOf(await answer)).toEqual(AWAY);
    expect((await service.dispatch(KG_PLAN)).status).toBe(200);
  });

  test('with the answer on its way: 503 too', async () => {
    const stop = proxy.stopAt(/^begin read only; /, 'after');
    const answer = service.dispatch(KG_PLAN);
    await stop.reached;
    stop.cut();
    expect(refusalOf(await answer)).toEqual(AWAY);
    expect((await service.dispatch(KG_PLAN)).status).toBe(200);
  });

  test('for a while: 503 as long as it is away, health says so, and it recovers by itself', async () => {
    const { port } = proxy;
    await proxy.close();
    expect(refusalOf(await service.dispatch(KG_PLAN))).toEqual(AWAY);
    const ill = await service.get('/health');
    expect([ill.status, ill.json]).toMatchObject([
      503,
      { status: 'degraded', writes_db: false, database: { reachable: false }, code: 'ERROR_RUNTIME_UNREACHABLE' },
    ]);
    expect((await service.get('/healthz')).json).toMatchObject({ status: 'ok', writes_db: false });
    proxy = await startProxy(runtime.port, port);
    expect((await service.dispatch(KG_PLAN)).status).toBe(200);
    expect((await service.get('/health')).json).toMatchObject({ status: 'ok', database: { reachable: true } });
  });

  test('by an administrator who ends every session', async () => {
    await service.dispatch(KG_PLAN);
    const end =
      "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'executor_ro' and datname = $1";
    await (await runtime.pool('postgres')).query(end, [runtime.database]);
    // What the pool has not noticed yet is refused; then it is answered.
    const [first, second] = [await service.dispatch(KG_PLAN), await service.dispatch(KG_PLAN)];
    expect([200, 503]).toContain(first.status);
    expect(second.status).toBe(200);
  });
});

test('a query over its limit: 503 with a code, and the connection is given back whole', async () => {
  const { database: config } = configFor(runtime);
  const database = openDatabase(config, () => undefined, { connect: 3_000, statement: 100, answer: 5_000 });
  const long = { name: 'long', text: 'select pg_sleep(30)' };
  await expect(database.read(long)).rejects.toMatchObject({ code: 'ERROR_TIMEOUT' });
  expect(await database.read({ name: 'one', text: 'select 1 as one' })).toEqual([[{ one: 1 }]]);
  await database.close();
});

test('a network that swallows the answer: 503 with a code within the limit of the client', async () => {
  const { database: config } = configFor(runtime, { database: { port: proxy.port } });
  const database = openDatabase(config, () => undefined, { connect: 3_000, statement: 5_000, answer: 100 });
  proxy.stopAt(/^begin read only; execute "two"/, 'before');
  await expect(database.read({ name: 'two', text: 'select 2 as two' })).rejects.toMatchObject({
    code: 'ERROR_TIMEOUT',
  });
  expect(await database.read({ name: 'two', text: 'select 2 as two' })).toEqual([[{ two: 2 }]]);
  await database.close();
});

describe('the password', () => {
  const folder = mkdtempSync(join(tmpdir(), 'c1-password-'));
  const passwordFile = join(folder, 'executor_ro');
  const canary = 'canary-of-the-executor';
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is read for each connection, and neither a right nor a wrong one is ever said', async () => {
    const right = readFileSync(configFor(runtime).database.passwordFile, 'utf8').trim();
    writeFileSync(passwordFile, canary);
    const one = await startService(RELEASE, configFor(runtime, { database: { passwordFile } }));
    const said: string[] = [];
    const wrong = await one.dispatch(KG_PLAN);
    expect(refusalOf(wrong)).toEqual(AWAY);
    writeFileSync(passwordFile, right);
    expect((await one.dispatch(KG_PLAN)).status).toBe(200);
    for (const path of ['/health', '/healthz', '/metrics']) said.push((await one.get(path)).text);
    await one.close();
    rmSync(passwordFile);
    const two = await startService(RELEASE, configFor(runtime, { database: { passwordFile } }));
    const none = await two.dispatch(KG_PLAN);
    expect(refusalOf(none)).toEqual(AWAY);
    await two.close();
    const all = [wrong.text, none.text, ...said, one.log(), two.log()].join('\n');
    expect(all.length).toBeGreaterThan(1_000);
    for (const secret of [canary, right]) expect(all).not.toContain(secret);
    expect(wrong.text + none.text).not.toContain(folder);
  });
});
