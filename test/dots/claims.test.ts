import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CODE, createAll, failure, failureOf, ONE_OF_EACH, printed, run } from './support/rows.ts';
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

describe('a row that another resource of the same stack takes over', () => {
  for (const name of ONE_OF_EACH.toReversed()) {
    test(`${name}: the claim moves, the old resource retires nothing, the new one retires it`, async () => {
      const taken = await run(trial, name, 'create', { resource: 'renamed' });
      expect(taken.stderr).toMatch(/^NOOP_CLAIM_MOVED: /);
      expect(printed(taken).code).toBe('NOOP_CLAIM_MOVED');
      const moved = await trial.fingerprint();
      const old = await run(trial, name, 'retire');
      expect(printed(old).code).toBe('NOOP_NOT_OURS');
      expect(await trial.fingerprint()).toBe(moved);
      const retired = await run(trial, name, 'retire', { resource: 'renamed' });
      expect(retired.stderr).toMatch(/^OK_APPLIED: /);
      const again = await run(trial, name, 'create');
      expect(again.stderr).toMatch(/^OK_APPLIED: /);
      // The next row of this list stands before this one: it is retired once more, so that order holds.
      expect((await run(trial, name, 'retire')).exitCode).toBe(0);
    });
  }

  test('everything is made again for what follows', async () => {
    await createAll(trial);
  });
});

describe('a row that another stack asks for', () => {
  for (const name of ONE_OF_EACH) {
    test(`${name}: creating it is a HOLD that names the owner, retiring it does nothing`, async () => {
      const asked = await run(trial, name, 'create', { stack: 'other' });
      expect(failureOf(asked)).toEqual(failure(3, 'HOLD_CLAIMED_ELSEWHERE'));
      expect(asked.stderr).toContain('stack trial');
      const retired = await run(trial, name, 'retire', { stack: 'other' });
      expect(printed(retired).code).toBe('NOOP_NOT_OURS');
      expect(await trial.fingerprint()).toBe(before);
    });
  }
});

/** A row, the table it is in, how it is changed by hand, and how it is put back. */
const DRIFTS = [
  ['species', 'public.species', `name = 'Something else'`, `code = 'gov-canonical-op-vocab'`],
  ['birth-dot-c1-vocab-build', 'public.birth_registry', `reuse_reason = 'none'`, `dot_code = '${CODE}'`],
  ['admission-dot-c1-vocab-build', 'public.admission_record', `risk_class = 'low'`, `dot_code = '${CODE}'`],
  [`tool-dot-c1-vocab-build`, 'public.dot_tools', `trigger = 'cron'`, `code = '${CODE}'`],
  [`contract-dot-c1-vocab-build`, 'public.dot_agent_api_contract', `mode = 'REAL_RUN'`, `dot_code = '${CODE}'`],
  ['collection', 'public.directus_collections', 'hidden = true', `collection = 'governance_canonical_operation_vocab'`],
  ['collection', 'public.directus_fields', 'hidden = true', `field = 'operation_code'`],
  ['table-contract', 'public.directus_fields', 'hidden = true', `field = 'created_by'`],
  [
    'collection-registry',
    'public.collection_registry',
    `governance_role = 'free'`,
    `species_code = 'gov-canonical-op-vocab'`,
  ],
  ['table-registry', 'public.table_registry', `status = 'archived'`, `schema = 'c1'`],
] as const;

describe('a row that was changed with the guards off', () => {
  for (const [name, table, change, where] of DRIFTS) {
    test(`${name} in ${table}: neither create nor retire touches it`, async () => {
      const column = change.split(' ')[0] ?? '';
      const kept = await trial.value<unknown>(`select to_jsonb(${column}) as v from ${table} where ${where}`);
      await trial.tamper([table], `update ${table} set ${change} where ${where}`);
      const changed = await trial.fingerprint();
      const [create, retire] = [await run(trial, name, 'create'), await run(trial, name, 'retire')];
      expect(failureOf(create)).toEqual(failure(3, 'HOLD_DRIFT'));
      expect(create.stderr).toContain(column);
      expect(failureOf(retire)).toEqual(failure(3, 'HOLD_DRIFT'));
      expect(await trial.fingerprint()).toBe(changed);
      const literal = `'${JSON.stringify({ [column]: kept })}'`;
      await trial.tamper(
        [table],
        `update ${table} set ${column} = (jsonb_populate_record(null::${table}, ${literal})).${column} where ${where}`,
      );
      expect(printed(await run(trial, name, 'create')).code).toBe('NOOP_ALREADY_THERE');
    });
  }

  test('a handbook entry that a hand superseded is a HOLD for its DOT', async () => {
    await trial.tamper(
      ['public.dot_ledger'],
      `insert into public.dot_ledger (seq, subject, entry_kind, direction, dot_code, image_hash, prev_hash, entry_hash)
       select max(seq) + 1, 'admission/${CODE}', 'admission', 'retire', 'DOT_LEDGER_APPEND', repeat('a', 64), repeat('b', 64), repeat('c', 64) from public.dot_ledger`,
    );
    const name = 'ledger-dot-c1-vocab-build';
    expect(failureOf(await run(trial, name, 'create'))).toEqual(failure(3, 'HOLD_DRIFT'));
    expect(failureOf(await run(trial, name, 'retire'))).toEqual(failure(3, 'HOLD_DRIFT'));
    await trial.tamper(['public.dot_ledger'], `delete from public.dot_ledger where entry_hash = repeat('c', 64)`);
    expect(printed(await run(trial, name, 'create')).code).toBe('NOOP_ALREADY_THERE');
  });
});
