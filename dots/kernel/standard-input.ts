import { C1Error } from '../../domain/codes.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';

const LIMIT_BYTES = 1024 * 1024;

/**
 * Standard input as JSON, or undefined when there is none. A terminal is not read.
 *
 * Read as a stream: a synchronous read cannot be interrupted by SIGTERM, and takes a pipe that is not filled yet for an
 * empty one.
 *
 * @throws C1Error ERROR_PAYLOAD_INVALID for anything that is not exactly one JSON value without duplicate keys
 */
export async function readStandardInput(): Promise<unknown> {
  if (process.stdin.isTTY) return undefined;
  const bytes = await readBytes();
  return bytes.length === 0 ? undefined : parseJsonStrictly(bytes);
}

/** Stops reading at the limit, so that a huge input costs no memory. */
async function readBytes(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of readable()) {
    length += chunk.length;
    if (length > LIMIT_BYTES) throw invalid(`more than ${LIMIT_BYTES} bytes`, `at most ${LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* readable(): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of process.stdin) yield Buffer.from(chunk);
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), 'a payload, or nothing', cause);
  }
}

function invalid(seen: string, expected: string, cause?: unknown): C1Error {
  return new C1Error('ERROR_PAYLOAD_INVALID', { seen: `standard input: ${seen}`, expected }, { cause });
}
