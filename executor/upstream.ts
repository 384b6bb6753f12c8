import { C1Error } from '../domain/codes.ts';

export interface UpstreamAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Buffer;
}

const LIMIT_MS = 10_000;
const LARGEST = 8 * 1024 * 1024;

/**
 * Passes a body on to the executor that was there before; bytes, status and content type come back as they are. A
 * redirect is an answer too, and not followed.
 *
 * @throws C1Error ERROR_UPSTREAM when it does not answer whole and in time
 */
export async function askUpstream(url: string, body: Buffer, limitMs: number = LIMIT_MS): Promise<UpstreamAnswer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      // Compressed bytes would be unpacked on the way, and so no longer be the same.
      headers: { 'content-type': 'application/json', 'accept-encoding': 'identity' },
      body: new Uint8Array(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(limitMs),
    });
    const contentType = response.headers.get('content-type') ?? 'application/octet-stream';
    return { status: response.status, contentType, bytes: await wholeBody(response) };
  } catch (cause) {
    const expected = `an answer of the upstream executor within ${limitMs} ms`;
    throw new C1Error('ERROR_UPSTREAM', { seen: reasonOf(cause), expected }, { cause });
  }
}

async function wholeBody({ body }: Response): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body ?? []) {
    size += piece.length;
    if (size > LARGEST) throw new RangeError(`an answer of more than ${LARGEST} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** `fetch failed` says nothing; what failed stands in its cause. The address is not quoted: it may hold a password, and
 * is in the message of whatever never came to be a request. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner: unknown = cause.cause;
  if (inner instanceof Error) return 'code' in inner ? String(inner.code) : inner.message;
  return cause instanceof TypeError ? cause.name : cause.message;
}
