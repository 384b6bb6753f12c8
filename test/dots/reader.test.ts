import { appendFile, chmod, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createThrough, failure, failureOf, mustRun } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
let before: string;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'species');
});
beforeEach(async () => {
  before = await trial.fingerprint();
});
afterAll(() => trial?.dispose());

const BINS = ['dot-species-register', 'dot-entity-retire'];
const MISMATCH = failure(3, 'HOLD_DOT_INTERFACE_MISMATCH');
const INVALID = failure(1, 'ERROR_PAYLOAD_INVALID');
const USAGE = failure(64, 'ERROR_USAGE');

const read = (words: readonly string[], stdin?: unknown) => trial.runtime.reader(words, { stdin });
const open = (step = 'W2', bins = BINS) => read(['open', '--step', step], { bins });
const gate = (expected: object, step = 'W2') => read(['gate', '--step', step], { expected });

/** What one species and its run add up to. */
const ONE_SPECIES = { species: 1, dot_ledger: 1 };

describe('open', () => {
  test('passes on a runtime that is whole, and says how much it checked', async () => {
    const { checked, counters } = JSON.parse((await open()).stdout);
    expect(checked).toBeGreaterThan(20);
    expect(counters.species).toBeGreaterThan(1);
  });

  test('holds while a bin is missing, cannot be executed, is another file, or was never installed', async () => {
    const bin = path.join(trial.runtime.paths.bin, 'dot-entity-retire');
    await rename(bin, `${bin}.away`);
    const missing = await open();
    await rename(`${bin}.away`, bin);
    await chmod(bin, 0o444);
    const notExecutable = await open();
    await chmod(bin, 0o755);
    const kept = await readFile(bin);
    await appendFile(bin, '\n');
    const changed = await open();
    await writeFile(bin, kept);
    await chmod(bin, 0o555);
    const unknown = await open('W2', ['dot-of-nobody']);
    for (const refused of [missing, notExecutable, changed, unknown]) expect(failureOf(refused)).toEqual(MISMATCH);
    expect(changed.stderr).toMatch(/SHA-256 [0-9a-f]{64}/);
    expect((await open()).exitCode).toBe(0);
  });

  test('holds without a baseline, but not for the baseline itself', async () => {
    await mustRun(trial, 'species', 'create');
    const fresh = await createTrial();
    try {
      const ask = (step: string) => fresh.runtime.reader(['open', '--step', step], { stdin: { bins: BINS } });
      expect(failureOf(await ask('W2'))).toEqual(failure(3, 'HOLD_BASELINE_MISSING'));
      expect((await ask('BASELINE')).exitCode).toBe(0);
      await mustRun(fresh, 'baseline', 'create');
      expect((await ask('W2')).exitCode).toBe(0);
      await mustRun(fresh, 'baseline', 'retire');
      expect(failureOf(await ask('W2'))).toEqual(failure(3, 'HOLD_BASELINE_MISSING'));
    } finally {
      await fresh.dispose();
    }
  });
});

/** What somebody does past the DOTs, how it is undone, and the stop of every check. */
const TAMPERED = [
  [
    'a claimed row changed',
    'HOLD_DRIFT',
    'public.species',
    `update public.species set name = 'x' where code = 'gov-canonical-op-vocab'`,
    `update public.species set name = 'Governance canonical operation vocabulary' where code = 'gov-canonical-op-vocab'`,
  ],
  [
    'a row more',
    'HOLD_COUNTER_DRIFT',
    'public.table_registry',
    `insert into public.table_registry (schema, table_name) values ('public', 'intruder')`,
    `delete from public.table_registry where table_name = 'intruder'`,
  ],
  [
    'a row changed that nobody of ours claims',
    'HOLD_COUNTER_DRIFT',
    'public.dot_tools',
    `update public.dot_tools set trigger = reverse(trigger) where code = 'DOT-001'`,
    `update public.dot_tools set trigger = reverse(trigger) where code = 'DOT-001'`,
  ],
  [
    'a ledger entry altered',
    'HOLD_LEDGER_CHAIN_BROKEN',
    'public.dot_ledger',
    `update public.dot_ledger set dot_code = dot_code || 'X' where seq = 3`,
    `update public.dot_ledger set dot_code = left(dot_code, -1) where seq = 3`,
  ],
] as const;

describe('every check', () => {
  const checks = () => [
    open(),
    gate(ONE_SPECIES),
    read(['retire-check', '--step', 'W2']),
    read(['retired', '--step', 'W3']),
  ];

  test('passes on the runtime as the DOTs left it', async () => {
    for (const passed of await Promise.all(checks())) expect(passed.exitCode).toBe(0);
  });

  for (const [what, code, table, make, undo] of TAMPERED) {
    test(`${what} stops each of them with ${code}`, async () => {
      await trial.tamper([table], make);
      const refused = await Promise.all(checks());
      await trial.tamper([table], undo);
      for (const one of refused) expect(failureOf(one)).toEqual(failure(3, code));
      expect((await open()).exitCode).toBe(0);
    });
  }

  test('a guard that is switched off stops each of them with HOLD_GUARD_CHANGED', async () => {
    await trial.tamper([], 'alter table public.species disable trigger a_assert_dot');
    const refused = await Promise.all(checks());
    await trial.tamper([], 'alter table public.species enable always trigger a_assert_dot');
    for (const one of refused) expect(failureOf(one)).toEqual(failure(3, 'HOLD_GUARD_CHANGED'));
    expect((await open()).exitCode).toBe(0);
  });

  test('a step that there is none of is a usage error, and so is a command', async () => {
    for (const words of [
      ['gate', '--step', 'W10'],
      ['gate', '--step', 'w2'],
      ['gate'],
      ['open', '--step', 'W2', '--force'],
      ['retired', '--step', 'W2', 'surplus'],
      ['write'],
      [],
      ['snapshot'],
    ]) {
      const refused = await read(words, { bins: BINS, expected: {} });
      const isPayload = words[0] === 'open' && words.length === 3;
      expect({ words, ...failureOf(refused) }).toEqual({ words, ...(isPayload ? INVALID : USAGE) });
    }
  });
});

describe('gate', () => {
  test('passes with exactly the planned rows, and stops with one more, one less, or those of another step', async () => {
    expect((await gate(ONE_SPECIES)).exitCode).toBe(0);
    for (const [expected, step] of [
      [{ ...ONE_SPECIES, species: 2 }, 'W2'],
      [{}, 'W2'],
      [{ ...ONE_SPECIES, dot_tools: 1 }, 'W2'],
      [ONE_SPECIES, 'W3'],
    ] as const) {
      expect(failureOf(await gate(expected, step))).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
    }
    expect(failureOf(await gate({ specie: 1 }))).toEqual(INVALID);
    const asked = (rows: string) => read(['gate', '--step', 'W2'], { expected: ONE_SPECIES, rows });
    expect(failureOf(await asked('all'))).toEqual(INVALID);
    expect((await asked('a'.repeat(64))).exitCode).toBe(0);
    expect(await trial.fingerprint()).toBe(before);
  });
});

/** What dot-baseline-record does, at this moment, past its checks. */
const OPEN_NOW = `insert into iu_core.baseline (stack, status, journal_position, counters, digests)
  select 'trial', 'open', (select max(applied_seq) from iu_core.dot_run),
    (select jsonb_object_agg(c.surface, c.live) from iu_core.surface_counters() c),
    (select jsonb_object_agg(s.surface, iu_core.undone_digest(s.surface, 9223372036854775807))
       from iu_core.surface s where s.kind <> 'bookkeeping' and s.surface <> 'schema_object')`;

describe('retired', () => {
  test('holds while a row of the step is live, and passes once it is not', async () => {
    expect(failureOf(await read(['retired', '--step', 'W2']))).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
    await mustRun(trial, 'species', 'retire');
    expect((await read(['retired', '--step', 'W2'])).exitCode).toBe(0);
    await mustRun(trial, 'species', 'create');
  });

  test('holds as well where a baseline was opened over the live rows, so that no count of them is left', async () => {
    await trial.tamper(['iu_core.baseline'], OPEN_NOW);
    const refused = await read(['retired', '--step', 'W2']);
    await trial.tamper(
      ['iu_core.baseline'],
      'delete from iu_core.baseline where seq = (select max(seq) from iu_core.baseline)',
    );
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
    expect(refused.stderr).toContain('live rows of W2');
  });
});
