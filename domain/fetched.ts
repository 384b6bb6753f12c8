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

/**
 * `fetch failed` says nothing; what failed stands in its cause. The address is not quoted: it may hold a password, and
 * stands in the message of whatever never came to be a request.
 */
export function fetchFault(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner: unknown = cause.cause;
  if (inner instanceof Error) return 'code' in inner ? String(inner.code) : inner.message;
  return cause instanceof TypeError ? cause.name : cause.message;
}
