import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RELEASE } from '../../executor/release.ts';
import { askUpstream } from '../../executor/upstream.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';
import { BUILD_PLAN, configFor, KG_PLAN, refusal, refusalOf, type Service, startService } from './support/service.ts';

/** Any bytes: whoever was there before need not have spoken as we do. */
const ANSWER = Buffer.from('{ "old" : "äöü",\r\n "n": 1.50 }\u0000', 'utf8');

let runtime: TestRuntime;
let service: Service;
let upstreamUrl: string;
const seen: { readonly path: string; readonly type: string | undefined; readonly body: Buffer }[] = [];
const ordinary = (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(207, { 'content-type': 'application/vnd.old+json; charset=latin1' }).end(ANSWER);
};
let respond = ordinary;

const upstream = createServer(async (request, response) => {
  seen.push({ path: request.url ?? '', type: request.headers['content-type'], body: await buffer(request) });
  respond(request, response);
});

beforeAll(async () => {
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/old/dispatch`;
  runtime = await createTestRuntime();
  service = await startService(RELEASE, configFor(runtime, { upstreamUrl }));
});
afterAll(async () => {
  await service.close();
  upstream.closeAllConnections();
  upstream.close();
  await runtime.dispose();
});
beforeEach(() => {
  respond = ordinary;
  seen.length = 0;
});

test('a code that is not of C1 is passed on, and comes back, byte for byte', async () => {
  const sent = '{ "mode":"ANY", "dot_code" :"DOT_KG_EXPLAIN",\n "more": [1.0, 0.5, 9007199254740993, "\\u00e4ä"]}';
  const response = await fetch(`${service.url}/dispatch`, {
    method: 'POST',
    body: sent,
    headers: { 'content-type': 'application/json' },
  });
  expect(response.status).toBe(207);
  expect(response.headers.get('content-type')).toBe('application/vnd.old+json; charset=latin1');
  expect(Buffer.from(await response.arrayBuffer()).equals(ANSWER)).toBe(true);
  expect(seen).toEqual([{ path: '/old/dispatch', type: 'application/json', body: Buffer.from(sent) }]);
});

test('a refusal and a redirect of the other are answers too', async () => {
  respond = (_, response) => void response.writeHead(302, { location: `${upstreamUrl}/elsewhere` }).end('moved');
  const answer = await service.dispatch({ ...KG_PLAN, dot_code: 'DOT-310' });
  expect([answer.status, answer.text, seen.length]).toEqual([302, 'moved', 1]);
});

describe('never passed on', () => {
  test('C1 is answered here', async () => {
    // This runtime has no contract of C1 yet: the refusal is ours.
    expect(refusalOf(await service.dispatch(BUILD_PLAN))).toEqual(refusal(409, 'HOLD_ADMISSION_MISSING_OR_INVALID'));
    expect(seen).toEqual([]);
  });

  test.each([
    'DOT_C1_PREFLIGHT',
    'DOT_C2_VOCAB_BUILD',
    'DOT-C7-X',
    'dot_c1_vocab_build',
    'DOT_Cl_VOCAB_BUILD',
    'DOT_CI_VOCAB_BUILD',
    'DOT_С1_VOCAB_BUILD',
    'DOT_C1',
    'C1',
    'DOT_KG_EXPLAIN ',
    'A'.repeat(64),
    '',
  ])('%j', async (dot_code) => {
    expect(refusalOf(await service.dispatch({ ...KG_PLAN, dot_code }))).toEqual(refusal(403, 'REJECT_SCOPE_NOT_C1'));
    expect(seen).toEqual([]);
  });

  test.each([
    ['REAL_RUN', JSON.stringify({ ...KG_PLAN, mode: 'Real_Run' }), 403, 'C1_PROD_REAL_RUN_BLOCKED'],
    ['two codes', '{"dot_code":"DOT_KG_EXPLAIN","dot_code":"DOT_C1_VOCAB_BUILD"}', 400, 'REJECT_MALFORMED_REQUEST'],
    ['no code', '{"mode":"PLAN_ONLY"}', 400, 'REJECT_MALFORMED_REQUEST'],
  ])('%s', async (_, body, status, code) => {
    expect(refusalOf(await service.dispatch(body))).toEqual(refusal(status, code));
    expect(seen).toEqual([]);
  });
});

describe('an upstream that does not answer', () => {
  test('breaks off, and then answers again', async () => {
    respond = (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      response.socket?.destroySoon();
    };
    expect(refusalOf(await service.dispatch(KG_PLAN))).toEqual(refusal(502, 'ERROR_UPSTREAM'));
    respond = ordinary;
    expect((await service.dispatch(KG_PLAN)).status).toBe(207);
  });

  test('is not there', async () => {
    const away = await startService(RELEASE, configFor(runtime, { upstreamUrl: 'http://127.0.0.1:1/dispatch' }));
    expect(refusalOf(await away.dispatch(KG_PLAN))).toEqual(refusal(502, 'ERROR_UPSTREAM'));
    await away.close();
  });

  test('has an address that cannot be asked, which is quoted to nobody', async () => {
    const refused = await askUpstream('http://user:canary@127.0.0.1/', Buffer.from('{}')).catch(
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({ code: 'ERROR_UPSTREAM', message: expect.not.stringContaining('canary') });
  });

  test('hangs', async () => {
    respond = () => undefined;
    await expect(askUpstream(upstreamUrl, Buffer.from('{}'), 50)).rejects.toMatchObject({ code: 'ERROR_UPSTREAM' });
  });

  test('never stops to speak', async () => {
    respond = (_, response) => void response.end(Buffer.alloc(9 * 1024 * 1024));
    await expect(askUpstream(upstreamUrl, Buffer.from('{}'))).rejects.toMatchObject({ code: 'ERROR_UPSTREAM' });
  });
});

test('without an upstream the same code is answered here', async () => {
  const alone = await startService(RELEASE, configFor(runtime));
  expect((await alone.dispatch(KG_PLAN)).json).toMatchObject({ validated: true });
  expect(seen).toEqual([]);
  await alone.close();
});
