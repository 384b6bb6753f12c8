import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { C1_OBJECTS } from '../../domain/objects.ts';
import { codeOf, createThrough, failure, failureOf, mustRun, ONE_OF_EACH, run } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';

const TABLE = 'governance_canonical_operation_vocab';
const W3 = ONE_OF_EACH.slice(ONE_OF_EACH.indexOf('schema'), ONE_OF_EACH.indexOf('table-registry') + 1);

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'species');
});
afterAll(() => trial?.dispose());

describe('retiring W3', () => {
  beforeEach(async () => {
    for (const name of W3) await mustRun(trial, name, 'create');
  });
  afterEach(async () => {
    await retire(W3);
    expect(await objects()).toBe(0);
  });

  test('a table with rows in it is never dropped, nor is its contract taken away', async () => {
    await trial.tamper(
      [`c1.${TABLE}`],
      `insert into c1.${TABLE} (operation_code, protocol_version, status) values ('read', '1', 'active')`,
    );
    for (const name of ['table-registry', 'collection-registry', 'preflight-view', 'manifest-function']) {
      await mustRun(trial, name, 'retire');
    }
    const before = await rows();
    expect(failureOf(await run(trial, 'table-contract', 'retire'))).toEqual(failure(4, 'REJECT_ROLLBACK_DELETE'));
    expect(failureOf(await trial.runtime.reader(['retire-check', '--step', 'W3']))).toEqual(
      failure(4, 'REJECT_ROLLBACK_DELETE'),
    );
    expect(await rows()).toBe(before);
    await trial.tamper([`c1.${TABLE}`], `delete from c1.${TABLE}`);
    expect(codeOf(await run(trial, 'table-contract', 'retire'))).toBe('OK_APPLIED');
    // Without its contract the table has no guard of its own; the collection still is not dropped over rows.
    await trial.tamper([], `insert into c1.${TABLE} values ('read', '1', 'active', null)`);
    const bare = await rows();
    expect(failureOf(await run(trial, 'collection', 'retire'))).toEqual(failure(4, 'REJECT_ROLLBACK_DELETE'));
    expect(await rows()).toBe(bare);
    await trial.tamper([], `delete from c1.${TABLE}`);
    expect(codeOf(await run(trial, 'collection', 'retire'))).toBe('OK_APPLIED');
  });

  test('out of order is a HOLD that names what still stands, and in order it goes', async () => {
    for (const [name, standing] of [
      ['schema', `c1.${TABLE}`],
      ['collection', 'c1.v_c1_dryrun_preflight'],
      ['table-contract', 'table_registry'],
    ] as const) {
      const before = await rows();
      const modes = name === 'collection' ? [[]] : [['--dry-run'], []];
      for (const flags of modes) {
        const refused = await run(trial, name, 'retire', { flags });
        expect({ name, ...failureOf(refused) }).toEqual({ name, ...failure(3, 'HOLD_PRESTATE_MOVED') });
        expect(refused.stderr).toContain(standing);
      }
      expect(await rows()).toBe(before);
    }
    for (const name of W3.toReversed()) expect(codeOf(await run(trial, name, 'retire'))).toBe('OK_APPLIED');
  });

  test('an object of somebody else in the schema keeps it, in words that say so', async () => {
    for (const name of W3.slice(1).toReversed()) await mustRun(trial, name, 'retire');
    await trial.tamper([], 'create table c1.of_somebody (id int)');
    const before = await rows();
    const refused = await run(trial, 'schema', 'retire');
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_PRESTATE_MOVED'));
    expect(refused.stderr).toContain('c1');
    expect(await rows()).toBe(before);
    await trial.tamper([], 'drop table c1.of_somebody');
    expect(codeOf(await run(trial, 'schema', 'retire'))).toBe('OK_APPLIED');
  });

  test('a guard of the table that somebody dropped is drift, and is not papered over', async () => {
    await trial.tamper([], `drop trigger b_write_once on c1.${TABLE}`);
    for (const way of ['create', 'retire'] as const) {
      expect(failureOf(await run(trial, 'table-contract', way))).toEqual(failure(3, 'HOLD_DRIFT'));
    }
    await trial.tamper(
      [],
      `create trigger b_write_once before update or delete on c1.${TABLE} for each row execute function public.fn_vocab_write_once()`,
      `alter table c1.${TABLE} enable always trigger b_write_once`,
    );
    expect(codeOf(await run(trial, 'table-contract', 'create'))).toBe('NOOP_ALREADY_THERE');
  });
});

/** The last first; what is not there any more is no fault. */
async function retire(names: readonly string[]): Promise<void> {
  for (const name of names.toReversed()) await run(trial, name, 'retire');
}

function rows(): Promise<string> {
  return trial.fingerprint({ intents: false });
}

function objects(): Promise<number> {
  const names = C1_OBJECTS.map(({ name }) => name);
  return trial.value(`select count(*)::int as v from iu_core.v_schema_object where name = any ($1)`, [names]);
}
