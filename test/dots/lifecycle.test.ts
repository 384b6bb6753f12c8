import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mustRun, ONE_OF_EACH, type Owner, printed, run, type Way } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
});
afterAll(() => trial?.dispose());

const STDOUT_LIMIT = 16 * 1024;

/** Dry run, real run, and the same again: what one direction of one row must do from a state where it changes something. */
async function changes(name: string, way: Way, owner: Owner = {}) {
  const hasDryRun = name !== 'collection';
  const before = await trial.fingerprint();
  const dry = hasDryRun ? await run(trial, name, way, { ...owner, flags: ['--dry-run'] }) : null;
  const untouched = (await trial.fingerprint()) === before;
  const real = await run(trial, name, way, owner);
  const after = await trial.fingerprint();
  const again = await run(trial, name, way, owner);
  const settled = (await trial.fingerprint()) === after;
  return { dry, untouched, real, again, settled };
}

describe('rows are made, left alone, retired and made again', () => {
  const firstIds = new Map<string, string | null>();
  let liveBefore: string;
  let liveAfter: string;

  beforeAll(async () => {
    liveBefore = await live();
  });

  for (const name of ONE_OF_EACH) {
    test(`${name} is made as its dry run said, and a second run writes nothing`, async () => {
      const { dry, untouched, real, again, settled } = await changes(name, 'create');
      expect(real.stderr).toMatch(/^OK_APPLIED: (insert|update) [^\n]+$/);
      expect(real.exitCode).toBe(0);
      expect(Buffer.byteLength(real.stdout)).toBeLessThan(STDOUT_LIMIT);
      expect(real.stdout).not.toContain('\n');
      const applied = printed(real);
      expect(applied).toMatchObject({ mode: 'real', outcome: 'OK', code: 'OK_APPLIED' });
      expect(applied.deltas.length).toBeGreaterThan(0);
      expect(applied.readback).toMatchObject({ rows: applied.deltas.length });
      if (dry !== null) {
        expect(dry.exitCode).toBe(0);
        expect(printed(dry)).toMatchObject({
          mode: 'dry-run',
          code: 'OK_PLANNED',
          deltas: applied.deltas,
          requestId: null,
        });
      }
      expect(untouched).toBe(true);
      expect(printed(again)).toMatchObject({ code: 'NOOP_ALREADY_THERE', deltas: [], requestId: applied.requestId });
      expect(settled).toBe(true);
      firstIds.set(name, applied.requestId);
    });
  }

  for (const name of ONE_OF_EACH.toReversed()) {
    test(`${name} is retired as its dry run said, and a second retire writes nothing`, async () => {
      if (name === ONE_OF_EACH.at(-1)) liveAfter = await live();
      const { dry, untouched, real, again, settled } = await changes(name, 'retire');
      expect(real.stderr).toMatch(/^OK_APPLIED: [^\n]+$/);
      if (dry !== null) expect(printed(dry).deltas).toEqual(printed(real).deltas);
      expect(untouched).toBe(true);
      expect(printed(again)).toMatchObject({ code: 'NOOP_NOT_OURS', deltas: [] });
      expect(settled).toBe(true);
    });
  }

  test('after everything is retired the live rows are those of the start', async () => {
    expect(await live()).toBe(liveBefore);
    expect(liveAfter).not.toBe(liveBefore);
  });

  for (const name of ONE_OF_EACH) {
    test(`${name} comes back under a new request id`, async () => {
      const again = printed(await mustRun(trial, name, 'create'));
      expect(again.code).toBe('OK_APPLIED');
      expect(again.requestId).toMatch(/^[0-9a-f]{64}$/);
      expect(again.requestId).not.toBe(firstIds.get(name));
    });
  }

  test('the live rows are then those of the first time', async () => {
    expect(await live()).toBe(liveAfter);
  });
});

/** Live rows without the handbook, which only grows. */
function live(): Promise<string> {
  return trial.value(
    `select string_agg(s, E'\\n') as v from iu_core.live_snapshot() s where s::jsonb ->> 'surface' <> 'dot_ledger'`,
  );
}
