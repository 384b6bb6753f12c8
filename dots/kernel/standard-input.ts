import { readFileSync } from 'node:fs';
import { C1Error } from '../../domain/codes.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';

const LIMIT_BYTES = 1024 * 1024;

/**
 * Standard input as JSON, or undefined when there is none. A terminal is not read.
 *
 * @throws C1Error ERROR_PAYLOAD_INVALID for anything that is not exactly one JSON value without duplicate keys
 */
export function readStandardInput(): unknown {
  if (process.stdin.isTTY) return undefined;
  const bytes = readBytes();
  if (bytes.length > LIMIT_BYTES) {
    throw new C1Error('ERROR_PAYLOAD_INVALID', {
      seen: `standard input of ${bytes.length} bytes`,
      expected: `at most ${LIMIT_BYTES} bytes`,
    });
  }
  return bytes.length === 0 ? undefined : parseJsonStrictly(bytes);
}

/** A closed or missing standard input is no payload, not a fault. */
function readBytes(): Buffer {
  try {
    return readFileSync(0);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EAGAIN' || code === 'EOF' || code === 'EBADF' || code === 'ENXIO') return Buffer.alloc(0);
    throw cause;
  }
}
