import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { C1_DOT_CODES } from '../../domain/dots.ts';
import { assertAllLives, assertLives, type DotLife, type Lifecycles } from '../../domain/readiness/lifecycle.ts';
import { readRuntimeConfig, withConnection } from '../../dots/kernel/connection.ts';
import { assertIssuer } from '../../dots/reader/grant.ts';
import { readLifecycles } from '../../dots/readiness/lifecycle.ts';
import { whileChanged } from '../dots/support/authority.ts';
import { mustRun, rowsOf } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';

const incomplete = (seen: string) =>
  expect.objectContaining({ code: 'C1_GRANT_ISSUER_HOLD_DOT_LIFECYCLE_INCOMPLETE', seen });

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
  for (const step of ['BASELINE', 'W2', 'W3', 'W4'] as const) {
    for (const { name } of rowsOf(step)) await mustRun(trial, name, 'create');
  }
}, 120_000);
afterAll(() => trial?.dispose());

const asAuditor = <T>(work: Parameters<typeof withConnection<T>>[3]): Promise<T> =>
  withConnection(readRuntimeConfig(trial.runtime.paths.config), 'auditor_ro', 'test', work);
const read = () => asAuditor(readLifecycles);

test('each of the eight has its whole life in the registries, and nothing stands beside them', async () => {
  const found = await read();
  expect(found.dots.map(({ dot_code }) => dot_code).toSorted()).toEqual(C1_DOT_CODES.toSorted());
  expect(found.orphans).toEqual([]);
  expect(assertAllLives(found)).toBe(8 * 8 + 1);
  const check = found.dots.find(({ dot_code }) => dot_code === 'DOT_C1_ROLLBACK_CHECK');
  expect(check).toMatchObject({
    reuse_reason: expect.stringContaining('DOT-062'),
    birth: { species: 'gov-canonical-op-vocab', path: 'dot-birth-backfill --only DOT_C1_ROLLBACK_CHECK' },
    admission: { path: 'dot-admission-record --only DOT_C1_ROLLBACK_CHECK' },
    registration: { file_path: '/opt/incomex/dot/bin/dot-c1-rollback-check' },
    catalogue: { counted: 317, live: 317 },
    retire_path: expect.stringContaining('ledger supersession'),
  });
  expect(await asAuditor(assertIssuer)).toBe(8);
});

describe('a registry that lost a part', () => {
  test.each([
    ['public.birth_registry', `status = 'retired'`, 'birth'],
    ['public.birth_registry', `reuse_reason = ' '`, 'reason why no other DOT does it'],
    ['public.admission_record', `status = 'retired'`, 'admission'],
    ['public.admission_record', `retire_path = ''`, 'retire path'],
    ['public.dot_tools', `status = 'deprecated'`, 'tool row'],
    ['public.meta_catalog', 'record_count = 316', 'catalogue'],
    ['public.dot_ledger', `entry_kind = 'run'`, 'admission entry, registration entry'],
  ])('%s with %s: %s', async (table, change, part) => {
    await whileChanged(trial, table, change, async () => {
      const found = await read();
      expect(() => assertAllLives(found)).toThrow(incomplete(`DOT_C1_GRANT_ISSUE without ${part}`));
      await expect(asAuditor(assertIssuer)).rejects.toEqual(incomplete(`DOT_C1_GRANT_ISSUE without ${part}`));
    });
    expect(assertAllLives(await read())).toBe(65);
  });

  test('a record of C1 that belongs to none of the eight is an orphan', async () => {
    const births = 'public.birth_registry';
    await trial.tamper(
      [births],
      `insert into ${births} select (jsonb_populate_record(null::${births}, to_jsonb(b) || '{"dot_code":"DOT_C1_NINTH"}')).*
         from ${births} b where b.dot_code = 'DOT_C1_PREFLIGHT'`,
    );
    const found = await read();
    await trial.tamper([births], `delete from ${births} where dot_code = 'DOT_C1_NINTH'`);
    expect(() => assertAllLives(found)).toThrow(incomplete('DOT_C1_NINTH, which belongs to none of the eight'));
    expect(assertAllLives(await read())).toBe(65);
  });
});

test('a proof of seven, or of one twice, is none of eight', async () => {
  const found = await read();
  const without = (code: string): Lifecycles => ({
    ...found,
    dots: found.dots.filter(({ dot_code }) => dot_code !== code),
  });
  for (const code of C1_DOT_CODES) {
    expect(() => assertAllLives(without(code))).toThrow(incomplete(`${code} 0 times`));
  }
  const [first] = found.dots as [DotLife];
  const twice = { ...found, dots: [...found.dots, first] };
  expect(() => assertLives(twice, C1_DOT_CODES)).toThrow(incomplete(`${first.dot_code} 2 times`));
});
