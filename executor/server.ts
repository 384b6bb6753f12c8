import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import { C1Error } from '../domain/codes.ts';
import { httpStatusOf } from '../domain/http-status.ts';
import { acceptJsonOnly } from './body.ts';
import type { ExecutorConfig } from './config.ts';
import { openDatabase } from './database.ts';
import { addDispatch } from './dispatch.ts';
import type { Release } from './fixture.ts';
import { addHealth } from './health.ts';
import { addMetrics } from './metrics.ts';
import { asC1Error, refusalBody, sendRefusal } from './refusal.ts';

export interface ServerOptions {
  /** Where the log goes, one JSON document a line; standard output without it. */
  readonly log?: { readonly write: (line: string) => void };
  /** How long a client may take to send one whole request. */
  readonly requestLimitMs?: number;
  /** How long a stop waits for requests that are under way. */
  readonly stopLimitMs?: number;
}

export const BODY_LIMIT = 256 * 1024;
const REQUEST_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 10_000;
const ROUTES = 'GET /healthz, GET /health, GET /metrics, POST /dispatch';

/** The service, not listening yet. It keeps nothing between two requests, so that any number of them may run. */
export function buildServer(release: Release, config: ExecutorConfig, options: ServerOptions = {}): FastifyInstance {
  const { label } = config;
  const app = fastify({
    ...limitsOf(options),
    logger: {
      level: 'info',
      serializers: { req: shownRequest },
      ...(options.log === undefined ? {} : { stream: options.log }),
    },
    logController: new OneLine(),
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    // Ours says it with a code.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => answerSocket(error, socket, label),
    frameworkErrors: (error, request, reply) => sendRefusal(error, request, reply as never, label),
  });
  const database = openDatabase(config.database, (cause) => {
    app.log.warn({ reason: cause.message }, 'an idle connection of the database was lost');
  });
  app.addHook('onClose', () => database.close());
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.setErrorHandler((error, request, reply) => sendRefusal(error, request, reply, label));
  app.setNotFoundHandler((request, reply) => sendRefusal(unknownRoute(request.method), request, reply, label));
  refuseWhileStopping(app, options.stopLimitMs ?? STOP_LIMIT_MS);
  acceptJsonOnly(app);
  addMetrics(app, release, config);
  addHealth(app, database, release, config);
  const tools = { database, allowedSigners: config.allowedSigners };
  addDispatch(app, { release, tools, upstreamUrl: config.upstreamUrl, label });
  return app;
}

function limitsOf({ requestLimitMs = REQUEST_LIMIT_MS }: ServerOptions) {
  return {
    requestTimeout: requestLimitMs,
    http: {
      headersTimeout: requestLimitMs,
      connectionsCheckingInterval: Math.min(1_000, requestLimitMs / 2),
    },
  };
}

/** One line for each request, when it is answered. */
class OneLine extends LogController {
  override incomingRequest(): void {}

  override requestCompleted(error: Error | null, request: FastifyRequest, reply: FastifyReply): void {
    const line = { req: request, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 };
    request.log[error === null || error === undefined ? 'info' : 'error'](line, 'answered');
  }
}

/** Without query, which may hold what should not be kept. */
function shownRequest({ method, url }: { readonly method: string; readonly url: string }) {
  return { method, path: url.split('?')[0]?.slice(0, 200) };
}

function unknownRoute(method: string): C1Error {
  return new C1Error('REJECT_UNKNOWN_ROUTE', { seen: `${method} of another address`, expected: ROUTES });
}

/** Requests under way end, new ones are refused, and what has not ended at the limit is cut off. */
function refuseWhileStopping(app: FastifyInstance, limitMs: number): void {
  let isStopping = false;
  app.addHook('preClose', async () => {
    isStopping = true;
    setTimeout(() => app.server.closeAllConnections(), limitMs).unref();
  });
  app.addHook('onRequest', async () => {
    if (!isStopping) return;
    throw new C1Error('HOLD_STOPPING', { seen: 'a request to a service that stops', expected: 'one that runs' });
  });
  // A connection that was kept alive would hold up the end until it times out.
  app.addHook('onSend', async (_, reply) => {
    if (isStopping) reply.header('connection', 'close');
  });
}

/** What is no HTTP request, or never became a whole one, has no reply object: the answer is written by hand. */
function answerSocket(error: NodeJS.ErrnoException, socket: Socket, label: readonly string[]): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const refused = asC1Error(ofClient(error.code ?? ''));
  const status = httpStatusOf(refused.code);
  const body = JSON.stringify(refusalBody(refused, randomUUID(), label));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function ofClient(code: string): C1Error {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new C1Error('REJECT_REQUEST_TIMEOUT', {
      seen: 'a request that was not whole',
      expected: 'one within the limit',
    });
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new C1Error('REJECT_REQUEST_TOO_LARGE', { seen: 'headers over the limit', expected: 'smaller ones' });
  }
  return new C1Error('REJECT_MALFORMED_REQUEST', { seen: `no HTTP (${code.slice(0, 40)})`, expected: 'HTTP/1.1' });
}
