import pWaitFor from 'p-wait-for';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CODE,
  codeOf,
  createThrough,
  failure,
  failureOf,
  invocation,
  mustRun,
  type Owner,
  printed,
  run,
  type Way,
} from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'admission-dot-c1-vocab-build');
});
afterAll(() => trial?.dispose());

/** Rows of each kind that nothing else stands on. */
const KINDS = ['ledger-dot-c1-vocab-build', 'schema', 'table-registry', 'collection-registry'] as const;

function start(name: string, way: Way, owner: Owner = {}) {
  const { bin, args, stdin } = invocation(name, way, owner);
  return trial.start(bin, args, stdin);
}

/** Waits until a bin's session waits for another one. */
function blocked(): Promise<void> {
  return pWaitFor(
    () =>
      trial.value<boolean>(`select exists (select from pg_stat_activity where datname = current_database()
      and application_name like 'dot-%' and wait_event_type = 'Lock') as v`),
    { interval: 10, timeout: 8_000 },
  );
}

/** Starts the first, holds it just before it closes its run, starts the second, and lets both go on once it waits. */
async function atOnce(first: () => ReturnType<typeof start>, second: () => ReturnType<typeof start>) {
  const stop = trial.proxy.stopAt(/close_run/, 'before');
  const one = first();
  await stop.reached;
  const other = second();
  await blocked();
  stop.release();
  return Promise.all([one.ended, other.ended]);
}

function entriesOf(name: string): Promise<number> {
  const subject = { schema: 'schema_object/c1' }[name] ?? '';
  return trial.value(`select count(*)::int as v from public.dot_ledger where subject = $1 or $1 = ''`, [subject]);
}

describe('two bins at once', () => {
  for (const name of KINDS) {
    test(`${name}: the same request twice is applied once`, async () => {
      const entries = await entriesOf('');
      const [one, other] = await atOnce(
        () => start(name, 'create'),
        () => start(name, 'create'),
      );
      expect(codeOf(one)).toBe('OK_APPLIED');
      expect(codeOf(other)).toBe('NOOP_ALREADY_THERE');
      expect(printed(other).requestId).toBe(printed(one).requestId);
      expect(await entriesOf('')).toBe(entries + 1);
      await mustRun(trial, name, 'retire');
    });

    test(`${name}: of two stacks one wins, and the other says whose the row is`, async () => {
      const entries = await entriesOf('');
      const [one, other] = await atOnce(
        () => start(name, 'create'),
        () => start(name, 'create', { stack: 'other' }),
      );
      expect(codeOf(one)).toBe('OK_APPLIED');
      expect(failureOf(other)).toEqual(failure(3, 'HOLD_CLAIMED_ELSEWHERE'));
      expect(other.stderr).toContain('trial');
      expect(await entriesOf('')).toBe(entries + 1);
      expect(printed(await run(trial, name, 'create')).code).toBe('NOOP_ALREADY_THERE');
      await mustRun(trial, name, 'retire');
    });

    test(`${name}: two retires of it are one`, async () => {
      await mustRun(trial, name, 'create');
      const entries = await entriesOf('');
      const [one, other] = await atOnce(
        () => start(name, 'retire'),
        () => start(name, 'retire'),
      );
      expect([codeOf(one), codeOf(other)]).toEqual(['OK_APPLIED', 'NOOP_NOT_OURS']);
      expect(await entriesOf('')).toBe(entries + 1);
    });

    test(`${name}: a claim that moves while the row is retired does not end on a row that is gone`, async () => {
      await mustRun(trial, name, 'create');
      const [retire, take] = await atOnce(
        () => start(name, 'retire'),
        () => start(name, 'create', { resource: 'renamed' }),
      );
      expect(codeOf(retire)).toBe('OK_APPLIED');
      expect(failureOf(take)).toMatchObject({ exitCode: 3, stdout: '', oneLine: true });
      const again = await run(trial, name, 'create', { resource: 'renamed' });
      expect(codeOf(again)).toBe('OK_APPLIED');
      expect(codeOf(await run(trial, name, 'retire', { resource: 'renamed' }))).toBe('OK_APPLIED');
    });
  }

  test('of two baselines one wins, and the other says so', async () => {
    await mustRun(trial, 'baseline', 'retire');
    const baselines = await trial.value<number>('select count(*)::int as v from iu_core.baseline');
    const [one, other] = await atOnce(
      () => start('baseline', 'create'),
      () => start('baseline', 'create', { stack: 'other' }),
    );
    expect(codeOf(one)).toBe('OK_APPLIED');
    expect(failureOf(other)).toEqual(failure(3, 'HOLD_CLAIMED_ELSEWHERE'));
    expect(await trial.value('select count(*)::int as v from iu_core.baseline')).toBe(baselines + 1);
  });

  test('different rows at once do not wait for each other before the handbook', async () => {
    const [one, other] = await Promise.all([start('schema', 'create').ended, start('table-registry', 'create').ended]);
    expect([codeOf(one), codeOf(other)]).toEqual(['OK_APPLIED', 'OK_APPLIED']);
    expect(await trial.value('select iu_core.verify_ledger() as v')).toBe(null);
    await mustRun(trial, 'schema', 'retire');
    await mustRun(trial, 'table-registry', 'retire');
  });
});

describe('rows that move between the intent and the write', () => {
  const MOVES = [
    ['table-registry', 'create', 'public.table_registry', `status = 'removed'`, `schema = 'c1'`, 'HOLD_SURFACE_EXISTS'],
    [
      'collection-registry',
      'create',
      'public.collection_registry',
      `species_code = 'x'`,
      `collection like 'governance%vocab'`,
      'HOLD_PRESTATE_MOVED',
    ],
    [
      'admission-dot-c1-vocab-build',
      'retire',
      'public.admission_record',
      `risk_class = 'low'`,
      `dot_code = '${CODE}'`,
      'HOLD_DRIFT',
    ],
  ] as const;

  for (const [name, way, table, change, where, code] of MOVES) {
    test(`${way} of ${name} stops with ${code} and writes nothing`, async () => {
      const column = change.split(' ')[0] ?? '';
      const kept = await trial.value<string>(`select ${column} as v from ${table} where ${where}`);
      const stop = trial.proxy.stopAt(/open_run/, 'before');
      const { ended } = start(name, way);
      await stop.reached;
      await trial.tamper([table], `update ${table} set ${change} where ${where}`);
      const moved = await trial.fingerprint();
      stop.release();
      expect(failureOf(await ended)).toEqual(failure(3, code));
      expect(await trial.fingerprint()).toBe(moved);
      await trial.tamper([table], `update ${table} set ${column} = '${kept}' where ${where}`);
      expect(codeOf(await run(trial, name, way))).toBe('OK_APPLIED');
      await mustRun(trial, name, way === 'create' ? 'retire' : 'create');
    });
  }

  test('an object that appears in between is not adopted', async () => {
    const stop = trial.proxy.stopAt(/schema_object_insert/, 'before');
    const { ended } = start('schema', 'create');
    await stop.reached;
    await trial.tamper([], 'create schema c1');
    stop.release();
    expect(failureOf(await ended)).toEqual(failure(3, 'HOLD_SURFACE_EXISTS'));
    await trial.tamper([], 'drop schema c1');
    expect(codeOf(await run(trial, 'schema', 'create'))).toBe('OK_APPLIED');
  });
});
