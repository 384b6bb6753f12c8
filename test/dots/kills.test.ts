import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, createAll, ONE_OF_EACH, printed, run, startHeld, type Way } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
let reference: string;
beforeAll(async () => {
  trial = await createTrial();
  // What the same rows look like where nothing was killed.
  const calm = await createTrial();
  await createAll(calm);
  reference = await snapshot(calm);
  await calm.dispose();
});
afterAll(() => trial?.dispose());

/** Each write of a bin: the intent, the marker, the rows, then ledger and claims, and the commit. */
const WRITES = [
  /declare_run/,
  /open_run/,
  /iu_core\.(?!declare_run|open_run|close_run|read_refs)\w+\(/,
  /close_run/,
  /^commit$/,
];

async function killAt(name: string, way: Way, statement: RegExp, moment: 'before' | 'after'): Promise<void> {
  const { ended, kill, stop } = await startHeld(trial, [name, way], statement, { moment });
  kill('SIGKILL');
  expect((await ended).signal).toBe('SIGKILL');
  stop.cut();
}

/** Kills the bin before each of its writes and after the last one, each time starting from what the one before left. */
async function survives(name: string, way: Way): Promise<void> {
  const before = await trial.fingerprint({ intents: false });
  const [entries, runs] = [await count('public.dot_ledger'), await count('iu_core.dot_run')];
  for (const statement of WRITES) await killAt(name, way, statement, 'before');
  expect(await trial.fingerprint({ intents: false })).toBe(before);
  expect(await count('iu_core.dot_run')).toBe(runs + 1);
  await killAt(name, way, /^commit$/, 'after');
  const after = await trial.fingerprint();
  const again = await run(trial, name, way);
  expect(codeOf(again)).toBe(way === 'create' ? 'NOOP_ALREADY_THERE' : 'NOOP_NOT_OURS');
  expect(printed(again).requestId).toMatch(/^[0-9a-f]{64}$/);
  expect(await trial.fingerprint()).toBe(after);
  expect(await count('iu_core.dot_run')).toBe(runs + 1);
  expect(await count('public.dot_ledger')).toBe(entries + (name === 'baseline' ? 0 : 1));
}

describe('a bin that is killed at each of its writes leaves nothing or everything, and the next run settles it', () => {
  for (const name of ONE_OF_EACH) test(`create of ${name}`, () => survives(name, 'create'));

  test('the rows are then those of a runtime where nothing was killed, in a whole ledger', async () => {
    expect(await snapshot(trial)).toBe(reference);
    expect(await trial.value('select iu_core.verify_ledger() as v')).toBe(null);
    expect(await trial.value('select count(*)::int as v from iu_core.claim_drift()')).toBe(0);
  });

  for (const name of ONE_OF_EACH.toReversed()) test(`retire of ${name}`, () => survives(name, 'retire'));
});

function snapshot(of: Trial): Promise<string> {
  return of.value(`select string_agg(s, E'\\n') as v from iu_core.live_snapshot() s`);
}

function count(table: string): Promise<number> {
  return trial.value(`select count(*)::int as v from ${table}`);
}
