/** One message of PostgreSQL's wire protocol. */
export interface Frame {
  readonly type: string;
  readonly bytes: Buffer;
  /** The text of a statement that a client sends, simple or prepared; null for every other message. */
  readonly statement: string | null;
}

const LENGTH_BYTES = 4;

/** Cuts `bytes` into whole messages and what is left. The first message of a client has no type. */
export function frames(bytes: Buffer, started: boolean): { readonly whole: readonly Frame[]; readonly rest: Buffer } {
  const whole: Frame[] = [];
  let rest = bytes;
  for (;;) {
    const frame = firstFrame(rest, started || whole.length > 0);
    if (frame === null) return { whole, rest };
    whole.push(frame);
    rest = rest.subarray(frame.bytes.length);
  }
}

function firstFrame(bytes: Buffer, isTyped: boolean): Frame | null {
  const typeBytes = isTyped ? 1 : 0;
  if (bytes.length < typeBytes + LENGTH_BYTES) return null;
  const length = typeBytes + bytes.readUInt32BE(typeBytes);
  if (bytes.length < length) return null;
  const frame = bytes.subarray(0, length);
  const type = isTyped ? String.fromCharCode(frame[0] ?? 0) : 'startup';
  return { type, bytes: frame, statement: statementOf(type, frame.subarray(typeBytes + LENGTH_BYTES)) };
}

/** `Q` carries the text; `P` a name, then the text. */
function statementOf(type: string, body: Buffer): string | null {
  const texts = body.toString('utf8').split('\0');
  if (type === 'Q') return texts[0] ?? '';
  return type === 'P' ? (texts[1] ?? '') : null;
}
