import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { approve, deployRegistrar, execute, must, OWNERS, propose, restore } from '../dots/support/registrar.ts';
import { codeOf, mustRun, printed } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';
import { as, asOwner, attempt, BYPASS, NO_RIGHT, SUPERUSER } from '../runtime/guards/support/attempt.ts';

/** Ways around W1: raw SQL, and a registrar that inserts everything (steps.md, "Stops"). */
let trial: Trial;
beforeAll(async () => {
  trial = await createTrial({ staged: false });
  await mustRun(trial, 'baseline', 'create');
  must(await propose(trial.runtime));
});
afterAll(() => trial?.dispose());

const [FIRST, SECOND] = OWNERS;

async function unchanged(act: () => Promise<void>): Promise<void> {
  const before = await trial.fingerprint({ intents: false });
  await act();
  expect(await trial.fingerprint({ intents: false })).toBe(before);
}

describe('raw SQL', () => {
  const STATEMENTS = [
    `update public.apr_requests set status = 'applied'`,
    `update public.apr_requests set proposed_action = '{}'`,
    'delete from public.apr_requests',
    'truncate public.apr_requests cascade',
    `insert into public.apr_approvals (apr_code, voter, decision, signature) select apr_code, '${SECOND}', 'approve', 'x' from public.apr_requests`,
    `update public.apr_approvals set decision = 'approve'`,
    'delete from public.apr_approvals',
    `insert into public.vps_deploy_log (file, request_ref, version, sha256, status, is_known_good)
       select '/opt/incomex/dot/bin/dot-dot-register', apr_code, '1', repeat('0', 64), 'success', true from public.apr_requests`,
    `update public.vps_deploy_log set is_known_good = true`,
  ];
  const LOGINS = ['dot_310', 'dot_apr_propose', FIRST, 'auditor_ro', 'executor_ro'];

  test.each(STATEMENTS)('%s', async (sql) => {
    await unchanged(async () => {
      for (const login of LOGINS) {
        await as(trial.runtime, login, async (client) => {
          await client.query('set default_transaction_read_only = off');
          expect([login, await attempt(client, sql)]).toEqual([login, NO_RIGHT]);
        });
      }
      expect(await asOwner(trial.runtime, (client) => attempt(client, sql))).toBe(BYPASS);
      expect(await as(trial.runtime, SUPERUSER, (client) => attempt(client, sql))).toBe(BYPASS);
    });
  });
});

describe('the deployed registrar', () => {
  const dry = async (...flags: readonly string[]) =>
    printed(must(await trial.runtime.bin('dot-dot-register', ['--cloud', '--dry-run', ...flags]))).readback as {
      readonly new: number;
    };

  test('no longer inserts all: 295 by path before, 23 by code after, 8 of C1, and nothing without a DOT by name', async () => {
    expect((await dry()).new).toBe(287);
    await approve(trial.runtime);
    must(await execute(trial.runtime));
    expect((await dry()).new).toBe(23);
    expect((await dry('--only-prefix', 'dot-c1-')).new).toBe(8);
    await unchanged(async () => {
      for (const flags of [[], ['--only-prefix', 'dot-c1-'], ['--only-prefix', 'dot-c1-', '--max-new', '8']]) {
        const answer = await trial.runtime.bin('dot-dot-register', [
          '--cloud',
          '--step',
          'W4',
          '--for',
          'trial/x',
          ...flags,
        ]);
        expect([flags, answer.exitCode > 0]).toEqual([flags, true]);
      }
    });
    must(await restore(trial.runtime));
    expect((await dry()).new).toBe(287);
  });

  test('after a rollback is asked for anew, and the votes of before do not count', async () => {
    must(await propose(trial.runtime));
    expect(codeOf(await execute(trial.runtime))).toBe('HOLD_APR_AWAITING_QUORUM');
    await approve(trial.runtime);
    expect(codeOf(await execute(trial.runtime))).toBe('OK_APPLIED');
    must(await restore(trial.runtime));
    await deployRegistrar(trial.runtime);
  });
});
