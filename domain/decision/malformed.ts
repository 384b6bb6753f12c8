import { C1Error } from '../codes.ts';
import { type Numbers, parseJsonStrictly } from '../strict-json.ts';

/** A request as JSON. @throws C1Error REJECT_MALFORMED_REQUEST for anything but exactly one JSON value without duplicate keys */
export function parseRequest(bytes: Uint8Array, numbers?: Numbers): unknown {
  try {
    return parseJsonStrictly(bytes, numbers);
  } catch (cause) {
    throw asMalformed(cause);
  }
}

/** What a refused payload is called where it is a request. */
export function asMalformed(cause: unknown): unknown {
  if (!(cause instanceof C1Error) || cause.code !== 'ERROR_PAYLOAD_INVALID') return cause;
  return new C1Error('REJECT_MALFORMED_REQUEST', { seen: cause.seen, expected: cause.expected }, { cause });
}
