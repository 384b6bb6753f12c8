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
  startHeld,
  type Way,
} from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
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
async function atOnce(name: string, way: Way, second: () => ReturnType<typeof start>) {
  const one = await startHeld(trial, [name, way], /close_run/);
  const other = second();
  await Promise.race([blocked(), other.ended]);
  one.stop.release();
  return Promise.all([one.ended, other.ended]);
}

function ledgerEntries(): Promise<number> {
  return trial.value('select count(*)::int as v from public.dot_ledger');
}

/** Of two stacks that ask for the same row at once, the first gets it and the second is told so; one ledger entry is made. */
async function oneStackWins(name: string) {
  const entries = await ledgerEntries();
  const [one, other] = await atOnce(name, 'create', () => start(name, 'create', { stack: 'other' }));
  expect(codeOf(one)).toBe('OK_APPLIED');
  expect(failureOf(other)).toEqual(failure(3, 'HOLD_CLAIMED_ELSEWHERE'));
  expect(other.stderr).toContain('trial');
  expect(await ledgerEntries()).toBe(entries + (name === 'baseline' ? 0 : 1));
  expect(printed(await run(trial, name, 'create')).code).toBe('NOOP_ALREADY_THERE');
}

describe('two stacks at once, for a row that nobody ever made', () => {
  test('baseline: one wins, and the other says whose it is', async () => {
    await oneStackWins('baseline');
    expect(await trial.value('select count(*)::int as v from iu_core.baseline')).toBe(1);
    await mustRun(trial, 'baseline', 'retire');
    await oneStackWins('baseline');
    expect(await trial.value('select count(*)::int as v from iu_core.baseline')).toBe(3);
  });

  for (const name of KINDS) {
    test(`${name}: one wins, and the other says whose it is`, async () => {
      await createThrough(trial, 'admission-dot-c1-vocab-build');
      await oneStackWins(name);
      await mustRun(trial, name, 'retire');
    });
  }
});

describe('two bins at once', () => {
  for (const name of KINDS) {
    test(`${name}: the same request twice is applied once`, async () => {
      const entries = await ledgerEntries();
      const [one, other] = await atOnce(name, 'create', () => start(name, 'create'));
      expect(codeOf(one)).toBe('OK_APPLIED');
      expect(codeOf(other)).toBe('NOOP_ALREADY_THERE');
      expect(printed(other).requestId).toBe(printed(one).requestId);
      expect(await ledgerEntries()).toBe(entries + 1);
      await mustRun(trial, name, 'retire');
    });

    test(`${name}: of two stacks that bring it back one wins`, async () => {
      await oneStackWins(name);
      await mustRun(trial, name, 'retire');
    });

    test(`${name}: two retires of it are one`, async () => {
      await mustRun(trial, name, 'create');
      const entries = await ledgerEntries();
      const [one, other] = await atOnce(name, 'retire', () => start(name, 'retire'));
      expect([codeOf(one), codeOf(other)]).toEqual(['OK_APPLIED', 'NOOP_NOT_OURS']);
      expect(await ledgerEntries()).toBe(entries + 1);
    });

    test(`${name}: a claim that moves while the row is retired does not end on a row that is gone`, async () => {
      await mustRun(trial, name, 'create');
      const [retire, take] = await atOnce(name, 'retire', () => start(name, 'create', { resource: 'renamed' }));
      expect(codeOf(retire)).toBe('OK_APPLIED');
      expect(failureOf(take)).toMatchObject({ exitCode: 3, stdout: '', oneLine: true });
      const again = await run(trial, name, 'create', { resource: 'renamed' });
      expect(codeOf(again)).toBe('OK_APPLIED');
      expect(codeOf(await run(trial, name, 'retire', { resource: 'renamed' }))).toBe('OK_APPLIED');
    });
  }

  test('different rows at once do not wait for each other before the handbook', async () => {
    const [one, other] = await Promise.all([start('schema', 'create').ended, start('table-registry', 'create').ended]);
    expect([codeOf(one), codeOf(other)]).toEqual(['OK_APPLIED', 'OK_APPLIED']);
    expect(await trial.value('select iu_core.verify_ledger() as v')).toBe(null);
    await mustRun(trial, 'schema', 'retire');
    await mustRun(trial, 'table-registry', 'retire');
  });
});

describe('two registrations of one code at once', () => {
  const TOOL = 'tool-dot-c1-vocab-build';
  const tools = () =>
    trial.value<number>(`select count(*)::int as v from public.dot_tools where code = '${CODE}' and status = 'active'`);

  test('of two stacks one wins, first and again; the same request twice is applied once; there is one row', async () => {
    await createThrough(trial, 'ledger-dot-c1-vocab-build');
    for (const live of [0, 0]) {
      expect(await tools()).toBe(live);
      await oneStackWins(TOOL);
      expect(await tools()).toBe(1);
      await mustRun(trial, TOOL, 'retire');
    }
    const [one, other] = await atOnce(TOOL, 'create', () => start(TOOL, 'create'));
    expect([codeOf(one), codeOf(other)]).toEqual(['OK_APPLIED', 'NOOP_ALREADY_THERE']);
    expect(await trial.value(`select count(*)::int as v from public.dot_tools where code = '${CODE}'`)).toBe(1);
    await mustRun(trial, TOOL, 'retire');
    await mustRun(trial, 'ledger-dot-c1-vocab-build', 'retire');
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
      const { ended, stop } = await startHeld(trial, [name, way], /open_run/);
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
    const { ended, stop } = await startHeld(trial, ['schema', 'create'], /schema_object_insert/);
    await trial.tamper([], 'create schema c1');
    stop.release();
    expect(failureOf(await ended)).toEqual(failure(3, 'HOLD_SURFACE_EXISTS'));
    await trial.tamper([], 'drop schema c1');
    expect(codeOf(await run(trial, 'schema', 'create'))).toBe('OK_APPLIED');
  });
});
