import { type ParseError, parse, printParseErrorCode, visit } from 'jsonc-parser';
import { C1Error } from './codes.ts';

const DEEPEST = 64;

/** What becomes part of a digest holds safe numbers alone; whoever only passes a value on may take any. */
export type Numbers = 'safe numbers' | 'any number';

/**
 * Parses the UTF-8 bytes of exactly one JSON value. Duplicate keys, comments, trailing commas, a byte order mark, half a
 * surrogate pair (it has no UTF-8 form, and so no digest) and more than 64 levels are refused, and so is the key
 * `__proto__`, which no parser shows as a property. A number is whole and within ±(2^53−1), or it would be read as another.
 *
 * @throws C1Error ERROR_PAYLOAD_INVALID
 */
export function parseJsonStrictly(bytes: Uint8Array, numbers: Numbers = 'safe numbers'): unknown {
  const text = decode(bytes);
  if (text.startsWith('\uFEFF')) throw invalid('a byte order mark', 'UTF-8 without one');
  refuseBadStructure(text, numbers);
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  const [first] = errors;
  if (first !== undefined) throw invalid(`${printParseErrorCode(first.error)} at ${first.offset}`, 'one JSON value');
  return value;
}

function refuseBadStructure(text: string, numbers: Numbers): void {
  // One set of keys per open object; null for an open array.
  const open: (Set<string> | null)[] = [];
  const enter = (keys: Set<string> | null) => {
    open.push(keys);
    if (open.length > DEEPEST) throw invalid(`more than ${DEEPEST} levels`, 'a payload as the documentation shows it');
  };
  visit(text, {
    onObjectBegin: () => {
      enter(new Set());
    },
    onObjectEnd: () => {
      open.pop();
    },
    onArrayBegin: () => {
      enter(null);
    },
    onArrayEnd: () => {
      open.pop();
    },
    onLiteralValue: (value) => {
      refuseHalfPairs(value);
      if (numbers === 'safe numbers') refuseUnsafe(value);
    },
    onObjectProperty: (name) => {
      refuseHalfPairs(name);
      if (name === '__proto__') throw invalid('the key "__proto__"', 'the keys of the payload');
      const keys = open.at(-1);
      if (keys?.has(name)) throw invalid(`the key ${JSON.stringify(name)} twice`, 'each key once');
      keys?.add(name);
    },
  });
}

function refuseHalfPairs(value: unknown): void {
  if (typeof value === 'string' && !value.isWellFormed()) throw invalid('half a surrogate pair', 'whole characters');
}

function refuseUnsafe(value: unknown): void {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return;
  throw invalid(`the number ${value}`, 'whole numbers within 2^53-1');
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new C1Error('ERROR_PAYLOAD_INVALID', { seen: 'bytes that are not UTF-8', expected: 'UTF-8 text' }, { cause });
  }
}

function invalid(seen: string, expected: string): C1Error {
  return new C1Error('ERROR_PAYLOAD_INVALID', { seen: `JSON with ${seen}`, expected });
}
