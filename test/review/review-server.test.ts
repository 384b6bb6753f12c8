import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { serveUntilSignal } from '../../cli/review/serve.ts';
import { buildReviewServer } from '../../review/page/server.ts';
import type { ReviewView } from '../../review/page/view.ts';
import { viewOf } from './support/review.ts';

const LABEL = ['LOCAL_STAGING_NOT_SSOT'];
const open: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

function build(look: () => Promise<ReviewView> = async () => viewOf()): FastifyInstance {
  const app = buildReviewServer(look, LABEL);
  open.push(app);
  return app;
}

async function listening(look?: () => Promise<ReviewView>): Promise<number> {
  const app = build(look);
  return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
}

/** `fetch` does not let anybody say another host. */
async function ask(port: number, path: string, { host = `127.0.0.1:${port}`, method = 'GET' } = {}) {
  const sent = request({ port, path, method, host: '127.0.0.1', headers: { host } }).end();
  const [answer] = await once(sent, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return { status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') };
}

describe('the served page', () => {
  test('comes with its script and its parts, and with headers that let it ask nobody else', async () => {
    const port = await listening();
    const page = await ask(port, '/');
    expect(page.status).toBe(200);
    expect(page.headers).toMatchObject({
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; .*script-src 'self'; connect-src 'self'; frame-ancestors 'none'$/,
      ),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
    const names = [...page.text.matchAll(/data-part="([^"]+)"/g)].map(([, name]) => name);
    const parts = JSON.parse((await ask(port, '/parts')).text) as Record<string, string>;
    expect(Object.keys(parts).toSorted()).toEqual([...new Set(names)].toSorted());
    expect((await ask(port, '/live.mjs')).headers['content-type']).toMatch(/^text\/javascript/);
  });

  test.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', '[::1]'])(
    'refuses a request that comes under the name %j, and answers its own',
    async (host) => {
      const port = await listening();
      const refused = await ask(port, '/parts', { host });
      expect([refused.status, JSON.parse(refused.text)]).toEqual([
        400,
        expect.objectContaining({ code: 'REJECT_MALFORMED_REQUEST' }),
      ]);
      for (const own of [`127.0.0.1:${port}`, `localhost:${port}`]) {
        expect((await ask(port, '/parts', { host: own })).status).toBe(200);
      }
    },
  );

  test.each(['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])('is only ever read: %s is refused', async (method) => {
    const port = await listening();
    const { status, text } = await ask(port, '/', { method });
    expect(status).toBe(404);
    if (method !== 'HEAD') expect(JSON.parse(text)).toMatchObject({ code: 'REJECT_UNKNOWN_ROUTE', label: LABEL });
    expect((await ask(port, '/../package.json')).status).toBe(404);
    expect((await ask(port, '/')).status).toBe(200);
  });

  test('reads the runtime once for all who ask at the same time, and anew for who asks later', async () => {
    let reads = 0;
    const gate = Promise.withResolvers<void>();
    const port = await listening(async () => {
      reads += 1;
      await gate.promise;
      return viewOf();
    });
    const asked = Promise.all([ask(port, '/'), ask(port, '/parts'), ask(port, '/parts')]);
    await expect.poll(() => reads).toBe(1);
    gate.resolve();
    expect((await asked).map(({ status }) => status)).toEqual([200, 200, 200]);
    const before = reads;
    await ask(port, '/parts');
    expect(reads).toBe(before + 1);
  });

  test('says a fault of its own with a code, without the text of it', async () => {
    let isFaulty = true;
    const port = await listening(async () => {
      if (isFaulty) throw new Error('secret of the machine');
      return viewOf();
    });
    const { status, text } = await ask(port, '/');
    expect([status, JSON.parse(text).code, text.includes('secret')]).toEqual([500, 'ERROR_INTERNAL', false]);
    isFaulty = false;
    expect((await ask(port, '/')).status).toBe(200);
  });
});

describe('serving', () => {
  test('ends with SIGTERM, and then nobody listens any more', async () => {
    let url = '';
    const ended = serveUntilSignal(build(), 0, async (found) => {
      url = found;
    });
    await expect.poll(() => url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect((await fetch(url)).status).toBe(200);
    process.emit('SIGTERM');
    await ended;
    await expect(fetch(url)).rejects.toThrow();
  });

  test('of a port that is taken is a code that names it, and of the same port once it is free goes well', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const silent = async () => undefined;
    await expect(serveUntilSignal(build(), port, silent)).rejects.toMatchObject({
      code: 'ERROR_PORT_TAKEN',
      next: expect.stringContaining('--port 0'),
    });
    taken.close();
    await once(taken, 'close');
    let url = '';
    const ended = serveUntilSignal(build(), port, async (found) => {
      url = found;
    });
    await expect.poll(() => url).toBe(`http://127.0.0.1:${port}/`);
    process.emit('SIGINT');
    await ended;
  });
});
