import type { FastifyInstance, FastifyRequest } from 'fastify';
import { C1Error } from '../domain/codes.ts';
import { parseRequest } from '../domain/decision/malformed.ts';

/** A body with its exact bytes, which another executor may have to be given. */
export interface Body {
  readonly bytes: Buffer;
  readonly value: Readonly<Record<string, unknown>>;
}

/** One JSON object in UTF-8, and nothing else, is a body here. */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer) => {
      assertPlainJson(request);
      return { bytes, value: objectOf(bytes) } satisfies Body;
    },
  );
}

/** @throws C1Error REJECT_CONTENT_TYPE for a request without a body, which no parser has seen */
export function bodyOf({ body }: FastifyRequest): Body {
  if (body !== undefined && body !== null) return body as Body;
  throw new C1Error('REJECT_CONTENT_TYPE', { seen: 'no body', expected: 'a body with content-type application/json' });
}

function assertPlainJson({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '') ?? [];
  if (encoding.toLowerCase() === 'identity' && /^utf-?8$/i.test(charset)) return;
  throw new C1Error('REJECT_CONTENT_TYPE', {
    seen: `content-encoding ${encoding.slice(0, 40)}, charset ${charset.slice(0, 40)}`,
    expected: 'application/json in UTF-8, not compressed',
  });
}

function objectOf(bytes: Buffer): Body['value'] {
  // What is passed on may hold any; no field that is taken here is a number.
  const value = parseRequest(bytes, 'any number');
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Body['value'];
  throw new C1Error('REJECT_MALFORMED_REQUEST', { seen: 'JSON that is no object', expected: 'one JSON object' });
}
