import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  admissionRow,
  birthRow,
  collectionRegistryRow,
  collectionRow,
  ledgerRow,
  speciesRow,
  tableRegistryRow,
} from '../../domain/payloads.ts';
import { everyThird, readAs } from './support/reading.ts';
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
  ['species', speciesRow, '--code', 'code'],
  ['birth-dot-c1-vocab-build', birthRow, '--only', 'dot_code'],
  ['admission-dot-c1-vocab-build', admissionRow, '--only', 'dot_code'],
  ['ledger-dot-c1-vocab-build', ledgerRow, '--only', 'dot_code'],
  ['collection', collectionRow, '--collection-name', 'collection'],
  ['collection', collectionRow, '--species-code', 'species_code'],
  ['collection', collectionRow, '--group', 'group'],
  ['collection-registry', collectionRegistryRow, '--collection', 'collection'],
  ['table-registry', tableRegistryRow, '--table', 'table_name'],
] as const;

describe('a hostile name', () => {
  for (const [at, [name, schema, flag, property]] of NAMES.entries()) {
    test(`${name}: in ${flag} and in ${property}`, async () => {
      const { bin, args, stdin } = invocation(name, 'create');
      const flagAt = args.indexOf(flag);
      const withName = (hostile: string) => JSON.stringify({ ...(JSON.parse(stdin) as Row), [property]: hostile });
      for (const hostile of HOSTILE) {
        expect({ hostile, code: readAs(schema, withName(hostile)) }).toEqual({
          hostile,
          code: 'ERROR_PAYLOAD_INVALID',
        });
      }
      for (const hostile of everyThird(HOSTILE, at)) {
        const line = args.map((word, index) => (index === flagAt + 1 ? hostile : word));
        const refused = await trial.runtime.bin(bin, line, { stdin: withName(hostile) });
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
