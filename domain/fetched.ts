/**
 * The bytes of an answer that came over the wire, at most so many of them.
 *
 * @throws RangeError behind the last byte that is taken; the rest is not waited for
 */
export async function wholeBody(body: AsyncIterable<Uint8Array> | null, most: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body ?? []) {
    size += piece.length;
    if (size > most) throw new RangeError(`an answer of more than ${most} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** What node:http gives for a request: as much of it as is needed here, where nothing is asked. */
export interface Asked<Answer> {
  on(event: 'response', listener: (answer: Answer) => void): unknown;
  on(event: 'error', listener: (cause: Error) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  end(body: string): unknown;
}

/**
 * Sends a request of node:http. What becomes of the answer later, its reader hears.
 *
 * @returns the answer, its body still to come; a redirect is an answer
 * @throws Error whatever ended the request without one, a switch to another protocol too, after which nothing else comes
 */
export function answerTo<Answer>(asked: Asked<Answer>, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    asked.on('response', resolve);
    asked.on('error', reject);
    asked.on('close', () => reject(new Error('closed without an answer')));
    asked.end(body);
  });
}

/**
 * `fetch failed` says nothing; what failed stands in its cause. The address is not quoted: it may hold a password, and
 * stands in the message of whatever never came to be a request.
 */
export function fetchFault(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner: unknown = cause.cause;
  if (inner instanceof Error) return 'code' in inner ? String(inner.code) : inner.message;
  if (cause instanceof TypeError) return cause.name;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
