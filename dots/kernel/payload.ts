import { readFileSync } from 'node:fs';
import { type ParseError, parse, printParseErrorCode, visit } from 'jsonc-parser';
import { C1Error } from '../../domain/codes.ts';

const PAYLOAD_LIMIT_BYTES = 1024 * 1024;

/**
 * Standard input as JSON, or undefined when there is none. A terminal is not read.
 *
 * @throws C1Error ERROR_PAYLOAD_INVALID for anything that is not exactly one JSON value without duplicate keys
 */
export function readPayload(): unknown {
  if (process.stdin.isTTY) return undefined;
  const bytes = readStandardInput();
  if (bytes.length > PAYLOAD_LIMIT_BYTES)
    throw invalid(`${bytes.length} bytes`, `at most ${PAYLOAD_LIMIT_BYTES} bytes`);
  if (bytes.length === 0) return undefined;
  return parseJsonStrictly(bytes);
}

/** Parses JSON text; duplicate keys, comments, trailing commas and malformed UTF-8 are refused. */
export function parseJsonStrictly(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  refuseDuplicateKeys(text);
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  const [first] = errors;
  if (first !== undefined) throw invalid(`${printParseErrorCode(first.error)} at ${first.offset}`, 'one JSON value');
  return value;
}

function refuseDuplicateKeys(text: string): void {
  const open: Set<string>[] = [];
  visit(text, {
    onObjectBegin: () => {
      open.push(new Set());
    },
    onObjectEnd: () => {
      open.pop();
    },
    onObjectProperty: (name) => {
      const keys = open.at(-1);
      if (keys?.has(name)) throw invalid(`the key ${JSON.stringify(name)} twice`, 'each key once');
      keys?.add(name);
    },
  });
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new C1Error('ERROR_PAYLOAD_INVALID', { seen: 'bytes that are not UTF-8', expected: 'UTF-8 text' }, { cause });
  }
}

/** A closed or missing standard input is no payload, not a fault. */
function readStandardInput(): Buffer {
  try {
    return readFileSync(0);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EAGAIN' || code === 'EOF' || code === 'EBADF' || code === 'ENXIO') return Buffer.alloc(0);
    throw cause;
  }
}

function invalid(seen: string, expected: string): C1Error {
  return new C1Error('ERROR_PAYLOAD_INVALID', { seen: `standard input with ${seen}`, expected });
}
