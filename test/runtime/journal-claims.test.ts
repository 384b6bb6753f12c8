import type { PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { delta } from '../../domain/plans/plan.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';
import { as, attempt, BYPASS, outcomeOf, SUPERUSER } from './guards/support/attempt.ts';
import {
  applied,
  closing,
  count,
  declaring,
  opening,
  type RunOptions,
  runOf,
  speciesImage,
  speciesRetirement,
  speciesRun,
  writing,
} from './guards/support/runs.ts';

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createTestRuntime();
});
afterAll(() => runtime?.dispose());

const register = <T>(work: (client: PoolClient) => Promise<T>) => as(runtime, 'dot_species_register', work);
const retire = <T>(work: (client: PoolClient) => Promise<T>) => as(runtime, 'dot_entity_retire', work);

async function registered(code: string): Promise<void> {
  const { run, write } = speciesRun(code);
  expect(await register((client) => applied(client, run, write))).toBe('accepted');
}

async function retirement(code: string, options: RunOptions = {}): Promise<string> {
  const { run, write } = speciesRetirement(code, options);
  return retire((client) => applied(client, run, write));
}

function takeClaim(code: string, stack: string | null, resource: string, surface = 'species'): Promise<string> {
  const refs = JSON.stringify([{ surface, key: code }]);
  const call = 'select iu_core.take_claim($1, $2, $3, $4)';
  return register((client) => attempt(client, call, ['DOT_SPECIES_REGISTER', refs, stack, resource]));
}

describe('a retire', () => {
  test('by another stack or another resource is refused, by the one that claims the row accepted', async () => {
    await registered('claimed');
    expect(await retirement('claimed', { stack: 'other' })).toBe('HOLD_CLAIMED_ELSEWHERE');
    expect(await retirement('claimed', { resource: 'other' })).toBe('HOLD_CLAIMED_ELSEWHERE');
    expect(await retirement('claimed')).toBe('accepted');
    expect(await retirement('claimed')).toBe('HOLD_CLAIMED_ELSEWHERE');
  });

  test('of a row that nobody claims is refused', async () => {
    const { code, ...row } = await as(runtime, SUPERUSER, async (client) => {
      const { rows } = await client.query(
        `select iu_core.image_of('species', to_jsonb(s)) as image from public.species s
          where s.status = 'active' and not exists (select from public.birth_registry b where b.species_code = s.code) limit 1`,
      );
      return rows[0].image;
    });
    const before = { code, ...row };
    const change = delta({ surface: 'species', key: code }, 'retire', before, { ...before, status: 'retired' });
    const run = runOf('DOT_ENTITY_RETIRE', [change], { direction: 'retire' });
    const write = writing('species', 'retire', before);
    expect(await retire((client) => applied(client, run, write))).toBe('HOLD_CLAIMED_ELSEWHERE');
  });

  test('that calls itself an apply is refused', async () => {
    await registered('sideways');
    expect(await retirement('sideways', { direction: 'apply' })).toBe('REJECT_NOT_ALLOWED');
    expect(await retirement('sideways', { direction: 'apply', resource: 'other' })).toBe('REJECT_NOT_ALLOWED');
    expect(await retirement('sideways')).toBe('accepted');
  });
});

describe('an apply', () => {
  test('on a row that another stack claims is refused', async () => {
    await registered('theirs');
    const [before, after] = [speciesImage('theirs'), speciesImage('theirs', { name: 'Renamed' })];
    const change = delta({ surface: 'species', key: 'theirs' }, 'update', before, after);
    const update = (options: RunOptions) =>
      register((client) =>
        applied(client, runOf('DOT_SPECIES_REGISTER', [change], options), writing('species', 'update', after)),
      );
    expect(await update({ stack: 'other' })).toBe('HOLD_CLAIMED_ELSEWHERE');
    expect(await update({})).toBe('accepted');
  });

  test('that updates or brings back a row that no run made is refused', async () => {
    const { rows } = await as(runtime, SUPERUSER, (client) =>
      client.query(`select iu_core.image_of('species', to_jsonb(s)) as image from public.species s
        where s.status = 'active' and not exists (select from iu_core.claim c where c.key = s.code) limit 1`),
    );
    const before = rows[0].image;
    const after = { ...before, name: 'Renamed' };
    const ref = { surface: 'species', key: before.code } as const;
    const update = runOf('DOT_SPECIES_REGISTER', [delta(ref, 'update', before, after)]);
    const reinstate = runOf('DOT_SPECIES_REGISTER', [
      delta(ref, 'reinstate', { ...before, status: 'retired' }, before),
    ]);
    await register(async (client) => {
      expect(await applied(client, update, writing('species', 'update', after))).toBe('HOLD_SPECIES_OWNED_BY_OTHER');
      expect(await applied(client, reinstate, writing('species', 'reinstate', before))).toBe('HOLD_CLAIMED_ELSEWHERE');
    });
  });

  test('brings back what was retired, and the row is claimed again', async () => {
    await registered('back');
    expect(await retirement('back')).toBe('accepted');
    const [before, after] = [speciesImage('back', { status: 'retired' }), speciesImage('back')];
    const change = delta({ surface: 'species', key: 'back' }, 'reinstate', before, after);
    const run = runOf('DOT_SPECIES_REGISTER', [change], { stack: 'other', resource: 'again' });
    expect(await register((client) => applied(client, run, writing('species', 'reinstate', after)))).toBe('accepted');
    expect(await retirement('back')).toBe('HOLD_CLAIMED_ELSEWHERE');
    expect(await retirement('back', { stack: 'other', resource: 'again' })).toBe('accepted');
  });
});

describe('taking a claim over', () => {
  test('works within the stack, for a live claim of a surface that the DOT writes, and nowhere else', async () => {
    await registered('taken');
    expect(await takeClaim('taken', 'other', 'renamed')).toBe('HOLD_CLAIMED_ELSEWHERE');
    expect(await takeClaim('taken', null, 'renamed')).toBe('HOLD_CLAIMED_ELSEWHERE');
    expect(await takeClaim('nobody-made-it', 'trial', 'renamed')).toBe('HOLD_CLAIMED_ELSEWHERE');
    expect(await takeClaim('nobody-made-it', null, 'renamed')).toBe('HOLD_CLAIMED_ELSEWHERE');
    expect(await takeClaim('taken', 'trial', 'renamed', 'table_registry')).toBe('REJECT_NOT_ALLOWED');
    expect(await takeClaim('taken', 'trial', 'renamed')).toBe('accepted');
    expect(await retirement('taken')).toBe('HOLD_CLAIMED_ELSEWHERE');
    expect(await retirement('taken', { resource: 'renamed' })).toBe('accepted');
    expect(await takeClaim('taken', 'trial', 'again')).toBe('HOLD_CLAIMED_ELSEWHERE');
  });

  test('waits for a retire that is under way, and then finds nothing to take', async () => {
    await registered('raced');
    const { run, write } = speciesRetirement('raced');
    const taking = await retire(async (client) => {
      expect(await attempt(client, ...declaring(run))).toBe('accepted');
      await client.query('begin');
      expect(await attempt(client, ...opening(run))).toBe('accepted');
      const taken = takeClaim('raced', 'trial', 'renamed').catch(outcomeOf);
      await waitForLock();
      expect(await attempt(client, ...write)).toBe('accepted');
      expect(await attempt(client, ...closing(run))).toBe('accepted');
      expect(await attempt(client, 'commit')).toBe('accepted');
      return taken;
    });
    expect(taking).toBe('HOLD_CLAIMED_ELSEWHERE');
  });
});

/** Until somebody of this database waits for a lock. */
async function waitForLock(): Promise<void> {
  const waiting = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await as(runtime, SUPERUSER, (client) =>
    expect.poll(() => count(client, waiting), { timeout: 10_000, interval: 20 }).toBe(1),
  );
}

test('writes without any run are refused, whatever function is called', async () => {
  expect(await register((client) => attempt(client, ...writing('species', 'insert', speciesImage('bare'))))).toBe(
    BYPASS,
  );
  expect(await retire((client) => attempt(client, ...writing('species', 'retire', speciesImage('bare'))))).toBe(BYPASS);
  await registered('bare');
});
