import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  admissionRow,
  baselineRow,
  birthRow,
  collectionRegistryRow,
  collectionRow,
  contractRow,
  dotToolRow,
  ledgerRow,
  speciesRow,
  tableRegistryRow,
} from '../../domain/payloads.ts';
import { everyThird, readAs } from './support/reading.ts';
import { createAll, failure, failureOf, invocation, printed, run } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
let before: string;
beforeAll(async () => {
  trial = await createTrial();
  await createAll(trial);
});
beforeEach(async () => {
  before = await trial.fingerprint();
});
afterAll(() => trial?.dispose());

type Row = Readonly<Record<string, unknown>>;

/** Bins that take their row on standard input, its schema, and a key of the row that the tests spoil. */
const TAKERS = [
  ['baseline', baselineRow, 'runtime'],
  ['species', speciesRow, 'owner'],
  ['birth-dot-c1-vocab-build', birthRow, 'reuse_reason'],
  ['admission-dot-c1-vocab-build', admissionRow, 'risk_class'],
  ['ledger-dot-c1-vocab-build', ledgerRow, 'dot_code'],
  ['collection', collectionRow, 'group'],
  ['collection-registry', collectionRegistryRow, 'status'],
  ['table-registry', tableRegistryRow, 'status'],
  ['tool-dot-c1-vocab-build', dotToolRow, 'trigger'],
  ['contract-dot-c1-vocab-build', contractRow, 'mode'],
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
  for (const [at, [name, schema, key]] of TAKERS.entries()) {
    test(`${name}: is refused whatever is wrong with it, and the right one is taken`, async () => {
      const { bin, args, stdin } = invocation(name, 'create');
      const row = JSON.parse(stdin) as Row;
      for (const [what, bad] of BAD_TEXTS) {
        expect({ what, code: readAs(schema, bad(stdin, row, key)) }).toEqual({ what, code: 'ERROR_PAYLOAD_INVALID' });
      }
      for (const [what, bad] of everyThird(BAD_TEXTS, at)) {
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
