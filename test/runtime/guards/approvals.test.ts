import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { delta } from '../../../domain/plans/plan.ts';
import { createTestRuntime, type TestRuntime } from '../../support/runtime.ts';
import { as, attempt, SUPERUSER } from './support/attempt.ts';
import { applied, closing, count, opening, runOf, speciesRun, type TestRun, transaction } from './support/runs.ts';

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createTestRuntime();
  await withTriggersOff('iu_core.setting', `update iu_core.setting set value = 'required' where name = 'approvals'`);
});
afterAll(() => runtime?.dispose());

const DOT = 'dot_species_register';

/** As only a superuser can, and as nobody can without being seen (detection.test.ts). */
function withTriggersOff(table: string, sql: string, values: readonly unknown[] = []): Promise<void> {
  return as(runtime, SUPERUSER, async (client) => {
    await client.query(`begin; set local event_triggers = off; alter table ${table} disable trigger user`);
    await client.query(sql, [...values]);
    await client.query('commit');
  });
}

interface Fixture {
  readonly digest?: string;
  readonly step?: string;
  readonly direction?: string;
  readonly approver?: string;
  readonly decision?: 'approve' | 'deny';
  readonly expiresIn?: string;
}

/** The function through which owners approve with their own logins does not exist yet: the row is put there by hand. */
function decide(run: TestRun, fixture: Fixture = {}): Promise<void> {
  const { digest = run.digest, step = 'W2', direction = 'apply', decision = 'approve' } = fixture;
  return withTriggersOff(
    'iu_core.approved_delta',
    `insert into iu_core.approved_delta (step, direction, delta_digest, approver, decision, expires_at)
     values ($1, $2, $3, $4, $5, now() + $6::interval)`,
    [step, direction, digest, fixture.approver ?? 'voter_owner_1', decision, fixture.expiresIn ?? '1 hour'],
  );
}

describe('where approvals are required, a step is', () => {
  const INSUFFICIENT: readonly (readonly [string, readonly Fixture[]])[] = [
    ['no decision', []],
    ['an approval of another delta', [{ digest: 'a'.repeat(64) }]],
    ['an approval of another step', [{ step: 'W3' }]],
    ['an approval of the other direction', [{ direction: 'retire' }]],
    ['an approval that is past its time', [{ expiresIn: '-1 second' }]],
  ];
  test.each(INSUFFICIENT)('refused with %s, and accepted with the right one', async (title, fixtures) => {
    const code = `approved-${INSUFFICIENT.findIndex(([other]) => other === title)}`;
    const { run, write } = speciesRun(code);
    for (const fixture of fixtures) await decide(run, fixture);
    await as(runtime, DOT, async (client) => {
      expect(await applied(client, run, write)).toBe('HOLD_PLAN_NOT_APPROVED');
      expect(await count(client, `public.species where code = '${code}'`)).toBe(0);
      await decide(run, { approver: 'voter_owner_2' });
      expect(await applied(client, run, write)).toBe('accepted');
    });
  });

  test('refused as soon as one owner denies it, whoever approved and however long ago', async () => {
    const { run, write } = speciesRun('denied');
    await decide(run);
    await decide(run, { approver: 'voter_owner_2', decision: 'deny', expiresIn: '-1 day' });
    expect(await as(runtime, DOT, (client) => applied(client, run, write))).toBe('HOLD_PLAN_NOT_APPROVED');
  });

  test('not spared the approval by calling itself something else', async () => {
    const { run, write } = speciesRun('renamed');
    await as(runtime, DOT, async (client) => {
      expect(await applied(client, run, write)).toBe('HOLD_PLAN_NOT_APPROVED');
      for (const kind of ['propose', 'vote', 'consume', null]) {
        const disguised = { ...run, kind };
        expect(await applied(client, disguised, write)).toBe('REJECT_NOT_ALLOWED');
        expect(await transaction(client, opening(disguised), write, closing(disguised))).toBe('HOLD_PRESTATE_MOVED');
      }
    });
  });
});

test('a proposal needs no approval: it opens, and its rows are its own', async () => {
  const image = { apr_code: 'APR-1' };
  const change = delta({ surface: 'apr_requests', key: 'APR-1' }, 'insert', null, image);
  const run = runOf('DOT_APR_PROPOSE', [change], { kind: 'propose' });
  await as(runtime, 'dot_apr_propose', async (client) => {
    // No gateway function writes requests yet: the run opens, and cannot close without the row that it announced.
    expect(await applied(client, run)).toBe('HOLD_PRESTATE_MOVED');
    expect(await attempt(client, 'begin')).toBe('accepted');
    expect(await attempt(client, ...opening(run))).toBe('accepted');
    await client.query('rollback');
  });
});
