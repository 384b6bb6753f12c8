import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { C1Error } from '../domain/codes.ts';
import { type Body, bodyOf } from './body.ts';
import type { Fixture, Release, Tools } from './fixture.ts';
import { refuseRealRun } from './real-run.ts';
import { isForeign, outOfScope } from './scope.ts';
import { refuseShape } from './shape.ts';
import { askUpstream } from './upstream.ts';

export interface DispatchOptions {
  readonly release: Release;
  readonly tools: Tools;
  readonly upstreamUrl: string | null;
  readonly label: readonly string[];
}

/** `POST /dispatch`: what is asked for is told apart by `dot_code`. */
export function addDispatch(app: FastifyInstance, options: DispatchOptions): void {
  app.post('/dispatch', async (request, reply) => {
    refuseQuery(request);
    const body = bodyOf(request);
    refuseRealRun(request, body);
    const dotCode = dotCodeOf(body);
    const { upstreamUrl, release } = options;
    if (upstreamUrl !== null && isForeign(dotCode)) return passOn(upstreamUrl, body, reply);
    const fixture = release.fixtures.get(dotCode);
    if (fixture === undefined) throw outOfScope(dotCode, [...release.fixtures.keys()]);
    return answer(fixture, body, options);
  });
}

async function answer({ produce, check }: Fixture, { value }: Body, { tools, label }: DispatchOptions) {
  const output = await produce(value, tools);
  check(output);
  return { ...output, label };
}

async function passOn(url: string, { bytes }: Body, reply: FastifyReply): Promise<FastifyReply> {
  const { status, contentType, bytes: answered } = await askUpstream(url, bytes);
  return reply.code(status).header('content-type', contentType).send(answered);
}

function dotCodeOf({ value }: Body): string {
  const code = value.dot_code;
  if (typeof code === 'string') return code;
  throw refuseShape([{ path: ['dot_code'], message: 'a text is expected' }], 'the code of a DOT');
}

/** What stands there would be left unread. */
function refuseQuery({ url }: FastifyRequest): void {
  if (!url.includes('?')) return;
  throw new C1Error('REJECT_MALFORMED_REQUEST', { seen: 'a query in the address', expected: '/dispatch alone' });
}
