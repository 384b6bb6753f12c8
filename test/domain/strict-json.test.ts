import { describe, expect, test } from 'vitest';
import { parseJsonStrictly } from '../../domain/strict-json.ts';

const REFUSED = expect.objectContaining({ code: 'ERROR_PAYLOAD_INVALID' });

function parse(text: string | Uint8Array): unknown {
  return parseJsonStrictly(typeof text === 'string' ? new TextEncoder().encode(text) : text);
}

describe('JSON is refused, and taken once it is right, with', () => {
  const PAIRS: readonly (readonly [string, string, string])[] = [
    ['a duplicate key', '{"a":1,"a":2}', '{"a":1,"b":2}'],
    ['a duplicate key of the same value', '{"a":1,"a":1}', '{"a":1}'],
    ['a duplicate key in another spelling', String.raw`{"a":1,"\u0061":2}`, String.raw`{"a":1,"\u0062":2}`],
    ['a duplicate key deep inside', '{"a":[{"b":{"c":1,"d":2,"c":3}}]}', '{"a":[{"b":{"c":1,"d":2,"e":3}}]}'],
    ['a duplicate key after a nested object', '{"a":{"a":1},"a":2}', '{"a":{"a":1},"b":2}'],
    ['a duplicate empty key', '{"":1,"":2}', '{"":1}'],
    ['a duplicate __proto__', '{"__proto__":1,"__proto__":2}', '{"proto":1}'],
    ['a line comment', '{"a":1} // one', '{"a":1}'],
    ['a block comment', '{/* one */"a":1}', '{"a":1}'],
    ['a trailing comma in an object', '{"a":1,}', '{"a":1}'],
    ['a trailing comma in an array', '[1,]', '[1]'],
    ['a missing comma', '[1 2]', '[1,2]'],
    ['two values', '{} {}', '{}'],
    ['something after the value', '{}x', '{}'],
    ['nothing', '', 'null'],
    ['spaces alone', ' \n ', ' null\n'],
    ['single quotes', `{'a':1}`, '{"a":1}'],
    ['a bare key', '{a:1}', '{"a":1}'],
    ['a leading zero', '[01]', '[1]'],
    ['a plus sign', '[+1]', '[1]'],
    ['a number without digits after the point', '[1.]', '[1.0]'],
    ['a number that is not whole', '[0.5]', '[5e0]'],
    ['a number over 2^53-1, which would be read as another', '[9007199254740993]', '[9007199254740991]'],
    ['a number under -(2^53-1)', '[-9007199254740992]', '[-9007199254740991]'],
    ['a number that no double holds', '[1e400]', '[1e4]'],
    ['hexadecimal', '[0x10]', '[16]'],
    ['NaN', '[NaN]', '[0]'],
    ['Infinity', '[-Infinity]', '[0]'],
    ['undefined', '[undefined]', '[null]'],
    ['a line break in a string', '["a\nb"]', String.raw`["a\nb"]`],
    ['a control character in a string', '["a\u0001b"]', String.raw`["a\u0001b"]`],
    ['an unknown escape', String.raw`["\x41"]`, String.raw`["\u0041"]`],
    ['a short escape', String.raw`["\u41"]`, String.raw`["\u0041"]`],
    ['an unclosed string', '["a', '["a"]'],
    ['an unclosed object', '{"a":1', '{"a":1}'],
    ['a lone high surrogate', String.raw`["\ud83d"]`, String.raw`["\ud83d\ude00"]`],
    ['a lone low surrogate', String.raw`["\ude00"]`, String.raw`["\ud83d\ude00"]`],
    ['surrogates the wrong way round', String.raw`["\ude00\ud83d"]`, String.raw`["\ud83d\ude00"]`],
    ['a lone surrogate in a key', String.raw`{"\ud83d":1}`, String.raw`{"\ud83d\ude00":1}`],
  ];
  test.each(PAIRS)('%s', (_, wrong, right) => {
    expect(() => parse(wrong)).toThrow(REFUSED);
    expect(parse(right)).toEqual(JSON.parse(right));
  });

  test('bytes that are not UTF-8', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xe2, 0x82, 0x22],
    ]) {
      expect(() => parse(Uint8Array.from(bytes))).toThrow(REFUSED);
    }
    expect(parse('"€"')).toBe('€');
  });

  test('a byte order mark, which RFC 8259 forbids to write', () => {
    expect(() => parse(Uint8Array.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]))).toThrow(REFUSED);
    expect(parse('{}')).toEqual({});
  });
});

test('a key named like a property of every object is a key like any other', () => {
  expect(Object.entries(parse('{"constructor":1,"toString":2}') as object)).toEqual([
    ['constructor', 1],
    ['toString', 2],
  ]);
});

test('whoever only passes it on may take any number', () => {
  const bytes = new TextEncoder().encode('[0.5,1e300]');
  expect(() => parseJsonStrictly(bytes)).toThrow(REFUSED);
  expect(parseJsonStrictly(bytes, 'any number')).toEqual([0.5, 1e300]);
});
