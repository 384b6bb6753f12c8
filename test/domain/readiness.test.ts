import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BAD_INPUT_COUNT, BAD_INPUTS, sceneOf } from '../../domain/readiness/bad-input.ts';
import { assertWhole, givenAway, judge } from '../../domain/readiness/harness.ts';
import { assertReady, PREFLIGHT_CHECKS, type PreflightCheck } from '../../domain/readiness/preflight.ts';
import { GOOD } from '../support/decision.ts';

const holding = expect.objectContaining({ code: 'HOLD_BAD_INPUT_HARNESS' });
const ALL = BAD_INPUTS.map(({ number }) => ({ number }));

describe('24', () => {
  test('is 24, each once, in order', () => {
    expect(BAD_INPUTS.map(({ number }) => number)).toEqual(Array.from({ length: BAD_INPUT_COUNT }, (_, at) => at + 1));
    expect(new Set(BAD_INPUTS.map(({ name }) => name)).size).toBe(24);
    expect(() => assertWhole(ALL)).not.toThrow();
  });

  test.each(ALL)('without case $number it is 23, and 23 is not 24', ({ number }) => {
    const fewer = ALL.filter((one) => one.number !== number);
    expect(() => assertWhole(fewer)).toThrow(holding);
    expect(() => assertWhole([...fewer, { number: number === 1 ? 2 : 1 }])).toThrow(holding);
    expect(() => assertWhole([...ALL, { number }])).toThrow(holding);
  });

  test('nothing at all is not 24 either', () => {
    expect(() => assertWhole([])).toThrow(holding);
  });
});

describe('an answer', () => {
  const one = { number: 2, name: 'wrong hash', code: 'REJECT_MANIFEST_HASH_MISMATCH', routes: ['executor'] } as const;
  const good = [{ route: 'executor', code: null, text: '{}' }] as const;
  const bad = (text: string, code: string | null = one.code) => [{ route: 'executor', code, text }] as const;

  test('with the code and nothing else counts', () => {
    expect(judge(one, bad('refused'), good)).toMatchObject({ number: 2, refused: 1, accepted: 1 });
  });

  test.each([
    ['another code', bad('refused', 'REJECT_WRONG_LANE'), good],
    ['an acceptance', bad('{}', null), good],
    ['a digest', bad(`expected ${'a'.repeat(64)}`), good],
    ['a PASS', bad('engineering: PASS'), good],
    ['a seal', bad('{"seal":"x"}'), good],
    ['the seal itself', bad('WITHHELD_DRY_RUN'), good],
    ['a validation beside it', bad('{"validated":true}'), good],
    ['a good half that was refused', bad('refused'), bad('refused')],
    ['no bad half', [], good],
    ['no good half', bad('refused'), []],
  ] as const)('with %s is a HOLD', (_title, refused, accepted) => {
    expect(() => judge(one, refused, accepted)).toThrow(holding);
  });

  test('whatever stands around a digest, it is found', () => {
    const word = fc.string({ maxLength: 40 });
    const digest = fc.stringMatching(/^[0-9a-fA-F]{64}$/);
    fc.assert(
      fc.property(word, digest, word, (left, middle, right) => givenAway(left + middle + right) !== null),
      FUZZ,
    );
  });
});

/** The seed is printed with a failure; `seed` and `path` then show it again. */
const FUZZ = { numRuns: 2_000, verbose: 1 } as const;

test('a grant that was used is supposed unused, in time and otherwise as it was; any other is taken as it is', () => {
  const state = { manifest: GOOD.manifest, facts: GOOD.facts, gates: GOOD.gates } as never as Parameters<
    typeof sceneOf
  >[0];
  const used = { ...GOOD.grant, status: 'consumed', consumed_at: '2026-01-01T10:30:00Z' };
  const { grant, isSupposed } = sceneOf({ ...state, grant: used });
  expect(isSupposed).toBe(true);
  expect(grant).toEqual({ ...GOOD.grant, expires_at: '2026-01-01T12:00:00.000Z' });
  for (const other of [GOOD.grant, { ...GOOD.grant, status: 'revoked' }, null]) {
    expect(sceneOf({ ...state, grant: other })).toMatchObject({ grant: other, isSupposed: false });
  }
});

describe('readiness', () => {
  const whole = PREFLIGHT_CHECKS.map(({ number, name }) => ({ number, name, ok: true, expected: 'x', seen: 'y' }));
  const ready = (checks: readonly PreflightCheck[]) => () => assertReady(checks);
  const notReady = (number: number) => {
    const seen = expect.stringMatching(new RegExp(`^check ${number} `));
    return expect.objectContaining({ code: 'HOLD_PREFLIGHT_NOT_READY', seen });
  };

  test.each(PREFLIGHT_CHECKS)('needs check $number ($name)', ({ number }) => {
    expect(ready(whole)).not.toThrow();
    expect(ready(whole.map((one) => ({ ...one, ok: one.number !== number })))).toThrow(notReady(number));
    expect(ready(whole.filter((one) => one.number !== number))).toThrow(notReady(number));
    expect(ready([...whole, { ...whole[number - 1], ok: true } as PreflightCheck])).toThrow(notReady(number));
    expect(ready(whole.map((one) => (one.number === number ? { ...one, name: 'other' } : one)))).toThrow(
      notReady(number),
    );
  });

  test('names the first of two that fail, and knows no ninth', () => {
    expect(ready(whole.map((one) => ({ ...one, ok: one.number !== 6 && one.number !== 3 })))).toThrow(notReady(3));
    const ninth = { number: 9, name: 'more', ok: true, expected: 'x', seen: 'y' };
    expect(ready([...whole, ninth])).toThrow(expect.objectContaining({ code: 'HOLD_PREFLIGHT_NOT_READY' }));
  });
});
