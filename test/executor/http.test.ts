import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RELEASE } from '../../executor/release.ts';
import { BODY_LIMIT } from '../../executor/server.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';
import { configFor, KG_PLAN, refusal, refusalOf, type Service, startService } from './support/service.ts';

let runtime: TestRuntime;
let service: Service;

beforeAll(async () => {
  runtime = await createTestRuntime();
  service = await startService(RELEASE, configFor(runtime), { requestLimitMs: 400 });
});
afterAll(async () => {
  await service.close();
  await runtime.dispose();
});

test('the good half of every pair below: a plan of KG is answered', async () => {
  const { status, headers, json } = await service.dispatch(KG_PLAN);
  expect({ status, type: headers.get('content-type') }).toEqual({
    status: 200,
    type: 'application/json; charset=utf-8',
  });
  expect(json).toMatchObject({ validated: true, writes_db: false, write_obs: false });
});

describe('a body that is no request', () => {
  const kg = JSON.stringify(KG_PLAN);
  test.each([
    ['no JSON', 'PLAN_ONLY'],
    ['half a JSON', kg.slice(0, -1)],
    ['two values', `${kg}${kg}`],
    ['a comment', `${kg} // please`],
    ['no object', JSON.stringify([KG_PLAN])],
    ['a text', JSON.stringify('DOT_KG_EXPLAIN')],
    ['null', 'null'],
    ['a duplicate key', '{"dot_code":"DOT_KG_EXPLAIN","mode":"PLAN_ONLY","mode":"PLAN_ONLY"}'],
    ['a duplicate key, escaped', '{"dot_code":"DOT_KG_EXPLAIN","mode":"PLAN_ONLY","mod\\u0065":"DRY_RUN"}'],
    ['__proto__', '{"dot_code":"DOT_KG_EXPLAIN","mode":"PLAN_ONLY","__proto__":{}}'],
    ['half a surrogate pair', '{"dot_code":"DOT_KG_EXPLAIN","mode":"PLAN_ONLY\\ud800"}'],
    ['a byte order mark', `\uFEFF${kg}`],
    ['nothing', ''],
    ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`],
  ])('%s is malformed', async (_, body) => {
    expect(refusalOf(await service.dispatch(body))).toEqual(refusal(400, 'REJECT_MALFORMED_REQUEST'));
  });

  test.each([
    ['an unknown field', { ...KG_PLAN, force: 1 }],
    ['a missing mode', { dot_code: 'DOT_KG_EXPLAIN' }],
    ['an unknown mode', { ...KG_PLAN, mode: 'PLAN' }],
    ['a mode in small letters', { ...KG_PLAN, mode: 'plan_only' }],
    ['a mode of the other half of the pair', { ...KG_PLAN, mode: 'VERIFY_ONLY' }],
    ['a mode that is no text', { ...KG_PLAN, mode: 1 }],
    ['a missing dot_code', { mode: 'PLAN_ONLY' }],
    ['a dot_code that is no text', { ...KG_PLAN, dot_code: ['DOT_KG_EXPLAIN'] }],
    ['an unknown field of C1', { dot_code: 'DOT_C1_VOCAB_BUILD', mode: 'PLAN_ONLY', authorizations: [] }],
    ['an unknown mode of C1', { dot_code: 'DOT_C1_VOCAB_BUILD', mode: 'DRYRUN' }],
  ])('%s is malformed', async (_, body) => {
    expect(refusalOf(await service.dispatch(body))).toEqual(refusal(400, 'REJECT_MALFORMED_REQUEST'));
  });

  test('a query in the address would be left unread', async () => {
    const response = await fetch(`${service.url}/dispatch?mode=PLAN_ONLY`, post(kg));
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      400,
      'REJECT_MALFORMED_REQUEST',
    ]);
  });
});

describe('a body that is not taken', () => {
  test.each([
    ['text/plain', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['something like JSON', { 'content-type': 'application/jsonp' }],
    ['another charset', { 'content-type': 'application/json; charset=utf-16le' }],
    ['compressed', { 'content-encoding': 'gzip' }],
    ['no type at all', { 'content-type': '' }],
  ])('%s is the wrong type', async (_, headers) => {
    expect(refusalOf(await service.dispatch(KG_PLAN, headers))).toEqual(refusal(415, 'REJECT_CONTENT_TYPE'));
  });

  test('JSON in UTF-8, said aloud, is taken', async () => {
    const answer = await service.dispatch(KG_PLAN, { 'content-type': 'application/json; charset=UTF-8' });
    expect(answer.status).toBe(200);
  });

  test('a dispatch without a body has no type either', async () => {
    const response = await fetch(`${service.url}/dispatch`, { method: 'POST' });
    expect(response.status).toBe(415);
  });

  test('a body over the limit is too large; one at the limit is read', async () => {
    const padded = (size: number) => JSON.stringify(KG_PLAN).padEnd(size, ' ');
    expect(refusalOf(await service.dispatch(padded(BODY_LIMIT + 1)))).toEqual(refusal(413, 'REJECT_REQUEST_TOO_LARGE'));
    expect((await service.dispatch(padded(BODY_LIMIT))).status).toBe(200);
  });
});

describe('the address', () => {
  test.each([
    ['GET', '/dispatch'],
    ['PUT', '/dispatch'],
    ['GET', '/'],
    ['POST', '/health'],
    ['GET', '/healthz/x'],
    ['GET', '/../etc/passwd'],
  ])('%s %s is unknown', async (method, path) => {
    const response = await fetch(`${service.url}${path}`, { method });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      404,
      'REJECT_UNKNOWN_ROUTE',
    ]);
  });

  test('an address that is no UTF-8 is malformed', async () => {
    const response = await fetch(`${service.url}/%ff`);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      400,
      'REJECT_MALFORMED_REQUEST',
    ]);
  });
});

describe('a client on a bare socket', () => {
  const head = `POST /dispatch HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
  const body = JSON.stringify(KG_PLAN);

  test('one that is slow with its body is answered 408, one that sends it is answered', async () => {
    const slow = await overSocket(`${head}content-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
    expect(slow).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[^{]*\r\n\r\n\{"code":"REJECT_REQUEST_TIMEOUT"/s);
    const whole = await overSocket(`${head}connection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    expect(whole).toMatch(/^HTTP\/1\.1 200 OK\r\n.*"validated":true/s);
  });

  test('one that is slow with its headers is answered 408', async () => {
    expect(await overSocket(head)).toMatch(/^HTTP\/1\.1 408 .*"code":"REJECT_REQUEST_TIMEOUT"/s);
  });

  test('one that speaks no HTTP is answered 400', async () => {
    expect(await overSocket('hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*"code":"REJECT_MALFORMED_REQUEST"/s);
  });

  test('headers over the limit are answered 413', async () => {
    const huge = `${head}x-huge: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await overSocket(huge)).toMatch(/^HTTP\/1\.1 413 .*"code":"REJECT_REQUEST_TOO_LARGE"/s);
  });

  /** Sends, and reads until the service closes. */
  async function overSocket(sent: string): Promise<string> {
    const socket = connect(service.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(sent);
    return text(socket);
  }
});

test('a refusal quotes no more than a little of what was sent', async () => {
  const answer = await service.dispatch({ ...KG_PLAN, ['x'.repeat(100_000)]: 1 });
  expect(answer.status).toBe(400);
  expect(answer.text.length).toBeLessThan(3_000);
});

function post(body: string) {
  return { method: 'POST', body, headers: { 'content-type': 'application/json' } };
}
