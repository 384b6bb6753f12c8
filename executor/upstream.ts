import { C1Error } from '../domain/codes.ts';
import { fetchFault, wholeBody } from '../domain/fetched.ts';

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
    return { status: response.status, contentType, bytes: await wholeBody(response.body, LARGEST) };
  } catch (cause) {
    const expected = `an answer of the upstream executor within ${limitMs} ms`;
    throw new C1Error('ERROR_UPSTREAM', { seen: fetchFault(cause), expected }, { cause });
  }
}
