import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GrantTrial, ORDER, REQUESTS, VOTES } from '../authority/support/grant-trial.ts';
import { vote } from '../dots/support/registrar.ts';
import { runC1 } from '../support/state-folder.ts';

/** `c1 apr` on a request for a grant: what an owner has to know before he signs. */
let it: GrantTrial;
let code: string;
beforeAll(async () => {
  it = await GrantTrial.create();
  expect((await it.ask()).exitCode).toBe(0);
  code = await it.code();
});
afterAll(() => it?.dispose());

async function c1(...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runC1(it.runtime.stateDir, ['apr', ...words]);
  expect([exitCode, stderr]).toEqual([0, '']);
  return stdout;
}
const json = async (...words: readonly string[]) => JSON.parse(await c1(...words, '--json'));
const later = (from: string, days: number) => new Date(Date.parse(from) + days * 86_400_000).toISOString();

test('show says everything that the grant will say, and until when it can be voted on', async () => {
  const shown = await c1('show', code);
  const { created_at, expires_at, past_expiry, proposed_action } = await json('show', code);
  for (const line of [
    'grant      DOT_C1_VOCAB_BUILD in DRY_RUN, carrier C1, lane dry_run, plan LEGO1-C1-PLAN',
    '  scope    DRYRUN-NS:dot:c1:vocab',
    `  manifest sha256 ${ORDER.manifest_hash}`,
    `  actions  14: ${ORDER.action_set.join(' ')}`,
    '  life     86400 s from its minting, for one use, generation 1',
    '  owner    governance_owner, who answers for what is built',
    '  allows   commit no, sovereign signature no, rollback retire-not-delete',
    `open until ${expires_at}`,
    `next       npx c1 apr approve ${code} --as <owner>, or npx c1 apr deny`,
  ])
    expect(shown.split('\n')).toContain(line);
  expect([expires_at, past_expiry]).toEqual([later(created_at, 7), false]);
  expect(proposed_action).toEqual({ ...ORDER, incarnation: expect.any(Number) });
});

test('list names the DOT that it is for', async () => {
  expect(await c1('list')).toMatch(
    new RegExp(`${code}\\s+pending\\s+authorize_build_step DOT_C1_VOCAB_BUILD\\s+operator_1\\s+0 of 2`),
  );
});

test('there is no file in it that could be written', async () => {
  const { exitCode, stderr } = await runC1(it.runtime.stateDir, ['apr', 'show', code, '--content', '/dev/null']);
  expect([exitCode, stderr.split(':')[0]]).toEqual([4, 'REJECT_PATCH_TARGET']);
  expect(stderr).toContain(`Next: npx c1 apr show ${code}.`);
});

describe('a vote', () => {
  test('says until when it counts, and that it counts no more', async () => {
    await vote(it.runtime, 'voter_owner_1', 'approve', { code });
    const [{ at, expires_at, counts }] = (await json('show', code)).votes;
    expect([expires_at, counts]).toEqual([later(at, 3), true]);
    expect(await c1('show', code)).toContain(`signature holds, counts until ${expires_at}`);
    expect(await c1('list')).toContain('1 of 2');
    await it.whileSo(VOTES, `at = now() - interval '4 days'`, `apr_code = '${code}'`, async () => {
      const shown = await c1('show', code);
      expect(shown).toContain('counts no more: only for 3 days');
      expect(shown).toContain(`another owner's approval, or npx pulumi destroy, which withdraws ${code}`);
      expect(shown).toContain('0 of 2 approvals, quorum not passed');
      expect((await json('show', code)).votes).toEqual([
        expect.objectContaining({ counts: false, signature: 'valid' }),
      ]);
    });
  });
});

test('a request past its expiry says so, and that the next up closes it and asks anew', async () => {
  await it.whileSo(REQUESTS, `created_at = now() - interval '8 days'`, `apr_code = '${code}'`, async () => {
    const shown = await c1('show', code);
    expect(shown).toContain('status     pending, past its expiry, risk high');
    expect(shown).toContain('next       npx pulumi up, which closes it and asks anew');
    expect(shown).not.toContain('apr approve');
    expect(await c1('list')).toMatch(new RegExp(`${code}\\s+pending, past its expiry`));
    expect(await json('show', code)).toMatchObject({ status: 'pending', past_expiry: true });
    await expect(vote(it.runtime, 'voter_owner_2', 'approve', { code })).rejects.toMatchObject({
      code: 'REJECT_APR_CLOSED',
    });
  });
  await vote(it.runtime, 'voter_owner_2', 'approve', { code });
  expect(await c1('show', code)).toContain('next       npx pulumi up');
});

test('one that was altered is shown as it is, and that its signatures do not hold', async () => {
  await it.whileSo(
    REQUESTS,
    `proposed_action = proposed_action || '{"commit_allowed":true,"single_use":false}'`,
    `apr_code = '${code}'`,
    async () => {
      const shown = await c1('show', code);
      expect(shown).toContain('commit YES');
      expect(shown).toContain('FOR ANY NUMBER OF USES');
      expect(shown).toContain('signature does not hold: REJECT_APR_ALTERED');
    },
  );
  await it.whileSo(
    REQUESTS,
    `proposed_action = proposed_action || '{"more":"\\\\u001b[2J"}'`,
    `apr_code = '${code}'`,
    async () => {
      const shown = await c1('show', code);
      expect(shown).toContain('summary    none of the known shape');
      expect(shown).not.toContain('\u001b');
    },
  );
});
