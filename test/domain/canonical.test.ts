import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { canonicalJson, digestOf, type Json, sameJson, sha256Hex } from '../../domain/canonical.ts';

/** Vectors of RFC 8785, section 3.2, and of its appendix B (numbers by their IEEE 754 bits). */
describe('canonical JSON follows RFC 8785', () => {
  test('in its sample of section 3.2.2', () => {
    const sample = JSON.parse(
      String.raw`{ "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false] }`,
    );
    expect(canonicalJson(sample)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('in its order of keys, by UTF-16 code units', () => {
    const sample = JSON.parse(
      String.raw`{ "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
        "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis" }`,
    );
    expect(Object.values(JSON.parse(canonicalJson(sample)))).toHaveLength(7);
    const order = ['Carriage Return', 'One', 'Control', 'Latin Small', 'Euro Sign', 'Emoji', 'Hebrew'];
    const text = canonicalJson(sample);
    expect(order.map((word) => text.indexOf(word)).toSorted((a, b) => a - b)).toEqual(
      order.map((word) => text.indexOf(word)),
    );
  });

  const NUMBERS: readonly (readonly [string, string])[] = [
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ];
  test.each(NUMBERS)('in the number %s', (bits, text) => {
    expect(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('and refuses %s, which has no JSON form', (value) => {
    expect(() => canonicalJson(value)).toThrow();
    expect(canonicalJson(0)).toBe('0');
  });
});

test('a digest is the SHA-256 of the canonical text in UTF-8, in lower-case hex', () => {
  const value: Json = { b: '€', a: [1, null, true] };
  const expected = createHash('sha256').update(Buffer.from('{"a":[1,null,true],"b":"€"}', 'utf8')).digest('hex');
  expect(digestOf(value)).toBe(expected);
  expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('two values are the same when only the order of keys differs', () => {
  expect(sameJson({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true);
  expect(sameJson({ a: 1, b: [2, 3] }, { a: 1, b: [3, 2] })).toBe(false);
  expect(sameJson({ a: null }, {})).toBe(false);
});
