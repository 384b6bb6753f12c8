import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createThrough, failure, failureOf, invocation, printed, run } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
let before: string;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'table-registry');
});
beforeEach(async () => {
  before = await trial.fingerprint();
});
afterAll(() => trial?.dispose());

type Row = Readonly<Record<string, unknown>>;

/** Bins that take their row on standard input, and a key of the row that no flag names. */
const TAKERS = [
  ['baseline', 'runtime'],
  ['species', 'owner'],
  ['birth-dot-c1-vocab-build', 'reuse_reason'],
  ['admission-dot-c1-vocab-build', 'risk_class'],
  ['ledger-dot-c1-vocab-build', 'dot_code'],
  ['collection', 'group'],
  ['collection-registry', 'status'],
  ['table-registry', 'status'],
] as const;

const BAD_TEXTS: readonly (readonly [string, (good: string, row: Row, key: string) => string])[] = [
  ['an extra key', (_, row) => JSON.stringify({ ...row, extra: 1 })],
  ['a key that hides in the prototype', (good) => good.replace('{', '{"__proto__":{"status":"active"},')],
  [
    'a missing key',
    (_, row, key) => JSON.stringify(Object.fromEntries(Object.entries(row).filter(([name]) => name !== key))),
  ],
  ['a key twice', (good, row, key) => good.replace('{', `{${JSON.stringify(key)}:${JSON.stringify(row[key])},`)],
  [
    'a key twice, once escaped',
    (good, row, key) =>
      good.replace('{', `{"\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}":${JSON.stringify(row[key])},`),
  ],
  ['a key twice further in', (_, row) => JSON.stringify({ ...row, extra: 1 }).replace(':1}', ':{"a":1,"a":2}}')],
  ['another type', (_, row, key) => JSON.stringify({ ...row, [key]: 7 })],
  ['no JSON', () => 'status: active'],
  ['null', () => 'null'],
  ['an array', (good) => `[${good}]`],
  ['two values', (good) => `${good}${good}`],
  ['a comment', (good) => `${good}// approved`],
  ['a trailing comma', (good) => good.replace('}', ',}')],
  ['a byte order mark', (good) => `\uFEFF${good}`],
  ['too many levels', () => '['.repeat(100_000)],
  ['half a surrogate pair', (_, row, key) => JSON.stringify({ ...row, [key]: 'x' }).replace('"x"', '"\\ud800"')],
  ['a NUL', (_, row, key) => JSON.stringify({ ...row, [key]: `${String(row[key])}\u0000` })],
];

describe('a payload that is not exactly the row', () => {
  for (const [name, key] of TAKERS) {
    test(`${name}: is refused whatever is wrong with it, and the right one is taken`, async () => {
      const { bin, args, stdin } = invocation(name, 'create');
      const row = JSON.parse(stdin) as Row;
      for (const [what, bad] of BAD_TEXTS) {
        const refused = await trial.runtime.bin(bin, args, { stdin: bad(stdin, row, key) });
        expect({ what, ...failureOf(refused) }).toEqual({ what, ...failure(1, 'ERROR_PAYLOAD_INVALID') });
      }
      expect(await trial.fingerprint()).toBe(before);
      expect(printed(await run(trial, name, 'create')).code).toBe('NOOP_ALREADY_THERE');
    });
  }

  test('bytes that are not UTF-8 are refused', async () => {
    const { bin, args, stdin } = invocation('species', 'create');
    const bytes = Buffer.from(stdin.replace('Governance', 'Govern\u00e9nce'), 'latin1');
    const { ended } = trial.start(bin, args, bytes);
    expect(failureOf(await ended)).toEqual(failure(1, 'ERROR_PAYLOAD_INVALID'));
    expect(await trial.fingerprint()).toBe(before);
  });

  test('more than a mebibyte is refused, and so is a single huge value, without quoting it', async () => {
    const { bin, args, stdin } = invocation('species', 'create');
    for (const padding of [2 ** 20, 2 ** 19]) {
      const long = stdin.replace('"code"', `"${'k'.repeat(padding)}":1,"code"`);
      const refused = await trial.start(bin, [...args, '--json'], long).ended;
      expect(printed(refused)).toMatchObject({ code: 'ERROR_PAYLOAD_INVALID' });
      expect(Buffer.byteLength(refused.stdout)).toBeLessThan(16 * 1024);
      expect(Buffer.byteLength(refused.stderr)).toBeLessThan(16 * 1024);
    }
    // White space up to the limit is no fault.
    const padded = await run(trial, 'species', 'create', { stdin: stdin.padEnd(2 ** 20) });
    expect(printed(padded).code).toBe('NOOP_ALREADY_THERE');
  });

  test('a bin whose flags say everything takes no payload', async () => {
    expect(failureOf(await run(trial, 'schema', 'create', { stdin: '{"name":"c2"}' }))).toEqual(
      failure(64, 'ERROR_USAGE'),
    );
    expect(await trial.fingerprint()).toBe(before);
  });
});

const OTHER = 'DOT_C1_PREFLIGHT';

describe('a flag and a payload that disagree', () => {
  for (const [name, flag, value] of [
    ['species', '--code', 'gov-other'],
    ['birth-dot-c1-vocab-build', '--only', OTHER],
    ['admission-dot-c1-vocab-build', '--only', OTHER],
    ['ledger-dot-c1-vocab-build', '--only', OTHER],
    ['collection', '--schema', 'c2'],
    ['collection-registry', '--migration_state', 'migrated'],
    ['table-registry', '--table', 'other'],
  ] as const) {
    test(`${name}: ${flag} names another row`, async () => {
      const { bin, args, stdin } = invocation(name, 'create');
      const at = args.indexOf(flag);
      const line = args.map((word, index) => (index === at + 1 ? value : word));
      const refused = await trial.runtime.bin(bin, line, { stdin });
      expect(failureOf(refused)).toEqual(failure(1, 'ERROR_PAYLOAD_INVALID'));
      expect(refused.stderr).toContain(value);
      expect(await trial.fingerprint()).toBe(before);
    });
  }

  test('dot-entity-retire: --key names another row than standard input, or standard input names none', async () => {
    const { stdin } = invocation('species', 'retire');
    for (const bad of [stdin.replace('gov-', 'other-'), '{}', '[]', 'null', '{"code":1}']) {
      const refused = await run(trial, 'species', 'retire', { stdin: bad });
      expect({ bad, ...failureOf(refused) }).toEqual({ bad, ...failure(1, 'ERROR_PAYLOAD_INVALID') });
    }
    expect(await trial.fingerprint()).toBe(before);
  });
});

/** Names that must not reach SQL, a shell, a path or a reader's eye. */
const HOSTILE = [
  `x'; drop table public.species; --`,
  'a"b',
  'a;b',
  'a\nb',
  '../../etc/passwd',
  'DOT_С1_VOCAB_BUILD',
  'DOT_C1_VOCАB_BUILD',
  'ＤＯＴ_C1_VOCAB_BUILD',
  'gov-canonical-op-vocab\u200b',
  'ɡov-canonical-op-vocab',
  '$(id)',
  '`id`',
  '%s',
  '',
  '-',
  'a'.repeat(200),
];

const NAMES = [
  ['species', '--code', 'code'],
  ['birth-dot-c1-vocab-build', '--only', 'dot_code'],
  ['admission-dot-c1-vocab-build', '--only', 'dot_code'],
  ['ledger-dot-c1-vocab-build', '--only', 'dot_code'],
  ['collection', '--collection-name', 'collection'],
  ['collection', '--species-code', 'species_code'],
  ['collection', '--group', 'group'],
  ['collection-registry', '--collection', 'collection'],
  ['table-registry', '--table', 'table_name'],
] as const;

describe('a hostile name', () => {
  for (const [name, flag, property] of NAMES) {
    test(`${name}: in ${flag} and in ${property}`, async () => {
      const { bin, args, stdin } = invocation(name, 'create');
      const at = args.indexOf(flag);
      const row = JSON.parse(stdin) as Row;
      for (const hostile of HOSTILE) {
        const line = args.map((word, index) => (index === at + 1 ? hostile : word));
        const refused = await trial.runtime.bin(bin, line, { stdin: JSON.stringify({ ...row, [property]: hostile }) });
        expect({ hostile, ...failureOf(refused) }).toEqual({ hostile, ...failure(1, 'ERROR_PAYLOAD_INVALID') });
      }
      expect(await trial.fingerprint()).toBe(before);
    });
  }

  test('in the flags of dot-entity-retire and dot-schema-ensure', async () => {
    for (const hostile of HOSTILE) {
      const key = await trial.runtime.bin('dot-entity-retire', [
        '--cloud',
        '--step',
        'W2',
        '--for',
        'trial/x',
        '--surface',
        'species',
        '--key',
        hostile,
      ]);
      // Plain ASCII that names no row is not ours to retire; everything else is refused.
      const isPlain = /^[A-Za-z0-9_-]{1,63}$/.test(hostile);
      expect({ hostile, exit: key.exitCode }).toEqual({ hostile, exit: isPlain ? 0 : 1 });
      const surface = await trial.runtime.bin('dot-entity-retire', [
        '--cloud',
        '--step',
        'W2',
        '--for',
        'trial/x',
        '--surface',
        hostile,
        '--key',
        'x',
      ]);
      expect({ hostile, ...failureOf(surface) }).toEqual({ hostile, ...failure(64, 'ERROR_USAGE') });
      const schema = await trial.runtime.bin('dot-schema-ensure', [
        '--cloud',
        '--step',
        'W3',
        '--for',
        'trial/x',
        '--schema',
        hostile,
      ]);
      expect({ hostile, ...failureOf(schema) }).toEqual({ hostile, ...failure(64, 'ERROR_USAGE') });
    }
    expect(await trial.fingerprint()).toBe(before);
  });

  test('a description may quote and punctuate: it is stored as it is written, and is no SQL', async () => {
    const { bin, args, stdin } = invocation('species', 'create');
    const description = `Robert'); drop table public.species; -- "quoted" \\ ; é 名`;
    const changed = await trial.runtime.bin(bin, args, { stdin: { ...(JSON.parse(stdin) as Row), description } });
    expect(changed.stderr).toMatch(/^OK_APPLIED: update species/);
    expect(await trial.value(`select description as v from public.species where code = 'gov-canonical-op-vocab'`)).toBe(
      description,
    );
    expect(printed(await run(trial, 'species', 'create')).code).toBe('OK_APPLIED');
  });
});
