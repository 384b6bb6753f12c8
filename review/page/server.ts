import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { C1Error } from '../../domain/codes.ts';
import { sendRefusal } from '../../executor/refusal.ts';
import { HOST } from '../../runtime/server-config.ts';
import { policyOf } from '../html/page.ts';
import { reviewPage, SCRIPT } from './page.ts';
import { partsOf } from './parts.ts';
import type { ReviewView } from './view.ts';

const ROUTES = `GET /, GET /parts, GET ${SCRIPT}`;

/**
 * Serves the page of one plan, not listening yet. Everything but the plan is read anew for each answer; who asks at the same
 * time gets the same reading, so that no number of open pages asks the runtime more than one does.
 *
 * @param look what is known at this moment; it says itself what it could not read
 */
export function buildReviewServer(look: () => Promise<ReviewView>, label: readonly string[]): FastifyInstance {
  // A page that is left open would hold up the end with its connection.
  const app = fastify({ exposeHeadRoutes: false, forceCloseConnections: true });
  const view = shared(look);
  const script = readFileSync(join(import.meta.dirname, 'live.mjs'), 'utf8');
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    assertOwnName(request);
  });
  app.setErrorHandler((error, request, reply) => sendRefusal(error, request, reply, label));
  app.setNotFoundHandler(({ method }, reply) => sendRefusal(unknownRoute(method), reply.request, reply, label));
  app.get('/', async (_, reply) => reply.type('text/html; charset=utf-8').send(reviewPage(await view(), true)));
  app.get('/parts', async () => Object.fromEntries([...partsOf(await view())].map(([name, { text }]) => [name, text])));
  app.get(SCRIPT, async (_, reply) => reply.type('text/javascript; charset=utf-8').send(script));
  return app;
}

const HEADERS = {
  'content-security-policy': `${policyOf(true)}; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Another site may give its own name this address (DNS rebinding); its pages then come with that name. */
function assertOwnName({ headers: { host = '' }, socket }: FastifyRequest): void {
  const port = socket.localPort ?? 0;
  const names = [HOST, 'localhost'].map((name) => (port === 80 ? name : `${name}:${port}`));
  if (names.includes(host)) return;
  throw new C1Error('REJECT_MALFORMED_REQUEST', {
    seen: `a request for ${JSON.stringify(host.slice(0, 100))}`,
    expected: `one for ${names[0]}`,
    next: `http://${names[0]}/`,
  });
}

function unknownRoute(method: string): C1Error {
  return new C1Error('REJECT_UNKNOWN_ROUTE', { seen: `${method} of another address`, expected: ROUTES, next: 'GET /' });
}

function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => {
    running ??= work().finally(() => {
      running = null;
    });
    return running;
  };
}
