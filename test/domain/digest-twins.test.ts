import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson, digestOf, type Json } from '../../domain/canonical.ts';
import { type Delta, type DeltaOp, type Direction, deltaDigest, type Image } from '../../domain/deltas.ts';
import { admissionEntry, imagesHash } from '../../domain/ledger.ts';
import { SURFACE_NAMES } from '../../domain/surfaces.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';

/** What an owner approves is hashed here and compared there: both sides must take the same bytes for the same rows. */
let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createTestRuntime();
});
afterAll(() => runtime?.dispose());

const SEED = Number.parseInt(process.env.C1_TEST_SEED ?? '', 10) || Date.now() % 2 ** 31;
const VALUES = 4_000;

/** Asks for all values in one round trip. A failure names the seed, so that the same values can be made again. */
async function agree<T>(values: readonly T[], ours: (value: T) => string, theirs: string): Promise<void> {
  const { rows } = await (await runtime.pool('auditor_ro')).query<{ answer: string }>(
    `select ${theirs} as answer from jsonb_array_elements($1) with ordinality v(value, at) order by v.at`,
    [JSON.stringify(values)],
  );
  const seen = rows.map(({ answer }) => answer);
  expect(seen).toHaveLength(values.length);
  const different = values.findIndex((value, at) => seen[at] !== ours(value));
  const value = different < 0 ? null : JSON.stringify(values[different]);
  expect({ seed: SEED, value }).toEqual({ seed: SEED, value: null });
}

/** PostgreSQL's jsonb holds no NUL and no lone surrogate; every other code point it does. */
const HARD = ['"', '\\', '/', '\b', '\f', '\n', '\r', '\t', '\u0001', '\u001f', '\u007f', '\u0080', '\u2028', '\u2029'];
const text = fc.oneof(
  fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', '')),
  fc.string({ unit: 'grapheme' }),
  fc
    .array(fc.constantFrom(...HARD, 'é', 'e\u0301', '\ufeff', '\uffff', '😀', '👩‍🚀', '\u{10ffff}', 'С'))
    .map((parts) => parts.join('')),
);
const key = fc.oneof(
  fc.string({ unit: 'binary-ascii' }).map((value) => value.replaceAll('\0', '')),
  fc.constantFrom('a', 'A', '_', '10', '9', ''),
);
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(0, 1, -1, 9007199254740991, -9007199254740991),
);
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    number,
    text,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(key, tie('json'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

const image: fc.Arbitrary<Image> = fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), json, {
  maxKeys: 4,
  noNullPrototype: true,
});
const delta: fc.Arbitrary<Delta> = fc.record({
  surface: fc.constantFrom(...SURFACE_NAMES),
  key: text,
  op: fc.constantFrom<DeltaOp>('insert', 'update', 'reinstate', 'retire'),
  before: fc.option(image),
  after: fc.option(image),
});
/** A row is changed once in a run; the order in which deltas are named must not matter. */
const deltas = fc.uniqueArray(delta, { maxLength: 5, selector: ({ surface, key }) => `${surface}/${key}` });

function sample<T>(arbitrary: fc.Arbitrary<T>, count = VALUES): readonly T[] {
  return fc.sample(arbitrary, { numRuns: count, seed: SEED });
}

describe('PostgreSQL and the program agree on', () => {
  test('the canonical text of any value', () => agree(sample(json), canonicalJson, 'iu_core.canonical_json(value)'));

  test('its digest', () => agree(sample(json), digestOf, 'iu_core.digest(value)'));

  test('the digest of deltas, in whatever order they are named', async () => {
    const runs = sample(
      fc.record({ step: text, direction: fc.constantFrom<Direction>('apply', 'retire'), deltas }),
      1_500,
    );
    await agree(runs, deltaDigest, `iu_core.delta_digest(value ->> 'step', value ->> 'direction', value -> 'deltas')`);
    const turned = runs.map((run) => ({ ...run, deltas: run.deltas.toReversed() }));
    expect(turned.map(deltaDigest)).toEqual(runs.map(deltaDigest));
  });

  test('the hash of what a run left behind', () =>
    agree(sample(deltas, 1_500), imagesHash, 'iu_core.images_hash(value)'));

  test('the image of an admission entry, made of the rows of birth and admission', () =>
    agree(
      sample(fc.record({ birth: image, admission: image }), 500),
      ({ birth, admission }) => String(admissionEntry('DOT_X', 'apply', birth, admission).after?.image_hash),
      `iu_core.digest(jsonb_build_array(value -> 'birth', value -> 'admission'))`,
    ));
});

describe('numbers that a row image cannot hold', () => {
  test.each(['0.5', '9007199254740992', '-9007199254740992', '1e400'])('%s is refused by PostgreSQL', async (value) => {
    const pool = await runtime.pool('auditor_ro');
    await expect(pool.query(`select iu_core.canonical_json('[${value}]')`)).rejects.toThrow(/^ERROR_PAYLOAD_INVALID/);
    await expect(pool.query(`select iu_core.canonical_json('[9007199254740991]')`)).resolves.toBeDefined();
  });
});
