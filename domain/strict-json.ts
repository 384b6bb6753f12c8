import { type ParseError, parse, printParseErrorCode, visit } from 'jsonc-parser';
import { C1Error } from './codes.ts';

/**
 * Parses the UTF-8 bytes of exactly one JSON value; duplicate keys, comments and trailing commas are refused.
 *
 * @throws C1Error ERROR_PAYLOAD_INVALID
 */
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

function invalid(seen: string, expected: string): C1Error {
  return new C1Error('ERROR_PAYLOAD_INVALID', { seen: `JSON with ${seen}`, expected });
}
