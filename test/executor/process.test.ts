import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { execa } from 'execa';
import getPort from 'get-port';
import pWaitFor from 'p-wait-for';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LABEL_LINE } from '../../domain/label.ts';
import type { ExecutorConfig } from '../../executor/config.ts';
import { RELEASE } from '../../executor/release.ts';
import { CHECKOUT } from '../../runtime/paths.ts';
import { type PostgresProxy, startProxy } from '../dots/support/proxy.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';
import { configFor, DIGEST, dispatchTo, KG_PLAN, startService } from './support/service.ts';

const folder = mkdtempSync(join(tmpdir(), 'c1-executor-'));
const file = join(folder, 'executor.json');
let runtime: TestRuntime;
let proxy: PostgresProxy;

beforeAll(async () => {
  runtime = await createTestRuntime();
  proxy = await startProxy(runtime.port);
});
afterAll(async () => {
  await proxy.close();
  await runtime.dispose();
  rmSync(folder, { recursive: true });
});

describe('the process', () => {
  test.each(['main.ts', 'main-v1.ts'])('%s serves until SIGTERM, and ends well', async (entry) => {
    const { child, url, port } = await start(entry, 'SIGKILL');
    const health = (await (await fetch(`${url}/health`)).json()) as Record<string, unknown>;
    expect(health).toEqual({
      status: 'ok',
      version: entry === 'main.ts' ? '1.1.0' : '1.0.0',
      release: { name: 'agent-api-executor-local:test', digest: DIGEST },
      writes_db: false,
      database: { reachable: true },
      label: LABEL_LINE.split(' '),
    });
    child.kill('SIGTERM');
    const { exitCode, stderr, stdout } = await child;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const lines = stdout.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.filter(({ reqId }) => reqId !== undefined).length).toBe(1);
    expect(stdout).not.toContain(readFileSync(join(runtime.paths.secrets, 'executor_ro'), 'utf8').trim());
    expect(stdout).toContain(String(port));
  });

  test('on SIGTERM it answers what is under way, refuses what is new, and then ends', async () => {
    const { child, url, port } = await start('main.ts', 'SIGKILL', { port: proxy.port });
    // A connection that was there before, with a request that is half sent.
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const late = text(socket);
    socket.write('POST /dispatch HTTP/1.1\r\n');
    const stop = proxy.stopAt(/^begin read only; /, 'before');
    const underWay = dispatchTo(url, KG_PLAN);
    await stop.reached;
    child.kill('SIGINT');
    await pWaitFor(() => isClosed(port), { timeout: 10_000 });
    socket.write('host: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
    expect(await late).toMatch(/^HTTP\/1\.1 503 .*"code":"HOLD_STOPPING"/s);
    stop.release();
    expect((await underWay).json).toMatchObject({ validated: true });
    expect((await child).exitCode).toBe(0);
  });

  test('--help shows examples, --version the version, a wrong flag is a usage error', async () => {
    const help = await run(['--help']);
    expect([help.exitCode, help.stdout]).toEqual([0, expect.stringContaining('Examples:\n  $ executor --config')]);
    expect(await run(['--version'])).toMatchObject({ exitCode: 0, stdout: 'executor 1.1.0' });
    for (const words of [[], ['--confg', file], ['--config', file, 'more']]) {
      const { exitCode, stderr } = await run(words);
      expect([exitCode, stderr]).toEqual([64, expect.stringMatching(/^ERROR_USAGE: seen .*\. Next: .*\.$/)]);
    }
  });

  test('a port that is taken, and a host that is not ours: one line with a code, exit 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { readonly port: number };
    write({ listen: { host: '127.0.0.1', port } });
    const first = await run(['--config', file]);
    expect([first.exitCode, first.stderr]).toEqual([
      1,
      expect.stringMatching(/(^|\n)ERROR_PORT_TAKEN: seen 127\.0\.0\.1:\d+ in use, expected a free port\. Next: .*\.$/),
    ]);
    taken.close();
    write({ label: [], listen: { host: '192.0.2.1', port } });
    const second = await run(['--config', file]);
    expect([second.exitCode, second.stderr]).toEqual([
      1,
      expect.stringMatching(/ERROR_CONFIG_INVALID: seen listen 192/),
    ]);
  });
});

test('what does not end within the limit of a stop is cut off', async () => {
  const service = await startService(RELEASE, configFor(runtime, { database: { port: proxy.port } }), {
    stopLimitMs: 50,
  });
  const stop = proxy.stopAt(/^begin read only; /, 'before');
  const underWay = service.dispatch(KG_PLAN);
  const cut = expect(underWay).rejects.toThrow();
  await stop.reached;
  const closed = service.close();
  await cut;
  stop.cut();
  await closed;
});

test('/metrics counts answers by route and status, and never by what was asked', async () => {
  const service = await startService(RELEASE, configFor(runtime));
  await service.dispatch(KG_PLAN);
  await service.dispatch('{');
  await service.get('/nobody/knows');
  const { status, text: metrics, headers } = await service.get('/metrics');
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  expect(metrics).toContain('executor_requests_total{route="/dispatch",status="200"} 1');
  expect(metrics).toContain('executor_requests_total{route="/dispatch",status="400"} 1');
  expect(metrics).toContain('executor_requests_total{route="unknown",status="404"} 1');
  expect(metrics).toMatch(/executor_info\{version="1\.1\.0",release="[^"]+",digest="[0-9a-f]{64}",label="LOCAL_/);
  expect(metrics).not.toContain('nobody');
  await service.close();
});

test('the log holds one line for each request, with its id, and no query', async () => {
  const service = await startService(RELEASE, configFor(runtime));
  const { headers } = await service.get('/healthz?token=canary-in-the-query');
  await service.close();
  const lines = service
    .log()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const own = lines.filter(({ reqId }) => reqId === headers.get('x-request-id'));
  expect(own).toMatchObject([{ req: { method: 'GET', path: '/healthz' }, status: 200, msg: 'answered' }]);
  expect(service.log()).not.toContain('canary');
});

function write(changes: Parameters<typeof configFor>[1]): ExecutorConfig {
  const config = configFor(runtime, changes);
  writeFileSync(file, JSON.stringify(config));
  return config;
}

async function start(entry: string, killSignal: NodeJS.Signals, database: { readonly port?: number } = {}) {
  const port = await getPort({ host: '127.0.0.1' });
  write({ listen: { host: '127.0.0.1', port }, database });
  const script = join(CHECKOUT, 'executor', entry);
  const child = execa(process.execPath, [script, '--config', file], { reject: false, killSignal, cleanup: true });
  await pWaitFor(async () => !(await isClosed(port)), { timeout: 20_000 });
  return { child, port, url: `http://127.0.0.1:${port}` };
}

function isClosed(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(false)).once('error', () => resolve(true));
    socket.once('connect', () => socket.destroy());
  });
}

function run(words: readonly string[]) {
  return execa(process.execPath, [join(CHECKOUT, 'executor', 'main.ts'), ...words], { reject: false });
}
