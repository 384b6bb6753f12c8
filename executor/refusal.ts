import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { C1Error, type Code } from '../domain/codes.ts';
import { httpStatusOf } from '../domain/http-status.ts';

/** What every answer is that refuses or fails. */
export interface RefusalBody {
  readonly code: Code;
  readonly message: string;
  readonly remedy: string;
  readonly request_id: string;
  readonly label: readonly string[];
}

const LONGEST_MESSAGE = 1_500;

export function refusalBody(error: C1Error, requestId: string, label: readonly string[]): RefusalBody {
  const { code, message, next: remedy } = error;
  return { code, message: bounded(message), remedy, request_id: requestId, label };
}

/** Answers with the code of whatever was thrown, and logs what is no fault of the caller. */
export function sendRefusal(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  label: readonly string[],
): FastifyReply {
  const error = asC1Error(thrown);
  const status = httpStatusOf(error.code);
  const level = status >= 500 ? 'error' : 'info';
  request.log[level]({ code: error.code, seen: bounded(error.seen), ...causeOf(error) }, 'refused');
  return reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .send(refusalBody(error, request.id, label));
}

/** fastify's own errors, by their codes. */
const OF_FASTIFY: Readonly<Record<string, readonly [Code, expected: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['REJECT_REQUEST_TOO_LARGE', 'a smaller body'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['REJECT_CONTENT_TYPE', 'content-type application/json'],
};

export function asC1Error(thrown: unknown): C1Error {
  if (thrown instanceof C1Error) return thrown;
  const seen = thrown instanceof Error ? thrown.message : String(thrown);
  const known = isFastifyError(thrown) ? OF_FASTIFY[thrown.code] : undefined;
  if (known !== undefined) return new C1Error(known[0], { seen, expected: known[1] }, { cause: thrown });
  if (isFastifyError(thrown) && (thrown.statusCode ?? 500) < 500) {
    return new C1Error('REJECT_MALFORMED_REQUEST', { seen, expected: 'a request that HTTP knows' }, { cause: thrown });
  }
  return new C1Error(
    'ERROR_INTERNAL',
    { seen: 'a fault of the service', expected: 'no fault', next: 'look for the request id in the log and report it' },
    { cause: thrown },
  );
}

function isFastifyError(thrown: unknown): thrown is FastifyError {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && 'statusCode' in thrown;
}

function causeOf({ cause }: C1Error): { readonly cause?: string } {
  if (!(cause instanceof Error)) return {};
  const code = 'code' in cause ? ` ${String(cause.code)}` : '';
  return { cause: bounded(`${cause.name}${code}: ${cause.message}`) };
}

function bounded(text: string): string {
  return text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE)} … (${text.length} characters)`;
}
