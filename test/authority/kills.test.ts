import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AUTHORIZE_HANDLER } from '../../domain/handler.ts';
import { BIND_MIGRATION } from '../../domain/migration.ts';
import { bind, unbind } from '../dots/support/handler.ts';
import type { Moment } from '../dots/support/proxy.ts';
import { must } from '../dots/support/registrar.ts';
import { codeOf, failure, failureOf, heldAt, waitsForLock } from '../dots/support/rows.ts';
import { authorizeArgs, EXECUTE, GRANTS, GrantTrial, ISSUER, issueArgs, ORDER } from './support/grant-trial.ts';

/** A mint that is interrupted, and two at once. */
let it: GrantTrial;
beforeAll(async () => {
  it = await GrantTrial.create();
});
afterEach(() => it.clear());
afterAll(() => it?.dispose());

type Call = readonly [bin: string, args: readonly string[], stdin: string];
const ASK: Call = [ISSUER, issueArgs(), JSON.stringify(ORDER)];
const MINT: Call = [EXECUTE, authorizeArgs(), ''];
const REVOKE: Call = [ISSUER, '--cloud --step W7 --for trial/grant --retire'.split(' '), ''];
const rows = () => it.trial.fingerprint({ intents: false });

async function killed(call: Call, statement: RegExp, moment: Moment = 'before'): Promise<void> {
  const { ended, kill, stop } = await heldAt(it.trial, call, statement, moment);
  kill('SIGKILL');
  expect((await ended).signal).toBe('SIGKILL');
  stop.cut();
}

describe('killed at each of its writes', () => {
  test('a proposal, a mint and a revocation are there whole or not at all, and the next run completes them', async () => {
    for (const [call, writes, prepare, again] of [
      [ASK, [/apr_requests_insert/], async () => undefined, () => it.ask()],
      [
        MINT,
        [/governance_build_authorization_insert/, /apr_requests_update/],
        () => it.approve(),
        () => it.authorize(),
      ],
      [
        REVOKE,
        [/governance_build_authorization_retire/, /apr_requests_retire/],
        async () => undefined,
        () => it.retire(),
      ],
    ] as const) {
      await prepare();
      const before = await rows();
      for (const write of [/declare_run/, /open_run/, ...writes, /close_run/, /^commit$/]) await killed(call, write);
      expect(await rows()).toBe(before);
      await killed(call, /^commit$/, 'after');
      const after = await rows();
      expect(after).not.toBe(before);
      expect(codeOf(await again())).toMatch(/^NOOP_/);
      expect(await rows()).toBe(after);
    }
  });

  test('between the grant and its request nothing is left, and the next run mints once', async () => {
    const code = await it.approved();
    const before = await it.count();
    await killed(MINT, /apr_requests_update/);
    expect([await it.count(), await it.statusOf(code)]).toEqual([before, 'pending']);
    await it.taken(() => it.authorize());
    expect([await it.count(), await it.statusOf(code)]).toEqual([before + 1, 'applied']);
  });

  test.each(['before', 'after'] as const)(
    'an answer that is lost %s PostgreSQL committed is an unknown outcome, and the next run settles it',
    async (moment) => {
      await it.approved();
      const before = await it.count();
      const { ended, stop } = await heldAt(it.trial, MINT, /^commit$/, moment);
      stop.cut();
      const answer = await ended;
      expect(failureOf(answer)).toEqual(failure(3, 'HOLD_OUTCOME_UNKNOWN'));
      const [, id] = /--status ([0-9a-f]{64})/.exec(answer.stderr) ?? [];
      const status = await it.runtime.bin(EXECUTE, ['--cloud', '--status', id ?? '', '--json']);
      expect(status.stdout).toContain(moment === 'after' ? '"applied"' : '"intent"');
      await it.taken(() => it.authorize(), moment === 'after' ? 'NOOP_ALREADY_THERE' : 'OK_APPLIED');
      expect(await it.count()).toBe(before + 1);
    },
  );
});

describe('two at once', () => {
  test('mint once: the other one says that it is there, or that rows moved or somebody is at it', async () => {
    await it.approved();
    const before = await it.count();
    const first = await heldAt(it.trial, MINT, /^commit$/, 'before');
    const second = it.authorize();
    first.stop.release();
    const codes = [codeOf(await first.ended), codeOf(await second)];
    expect(codes[0]).toBe('OK_APPLIED');
    expect(['NOOP_ALREADY_THERE', 'HOLD_EXECUTE_BUSY', 'HOLD_PRESTATE_MOVED']).toContain(codes[1]);
    expect(await it.count()).toBe(before + 1);
  });

  test('of which the first was killed leave the second one to mint', async () => {
    await it.approved();
    const before = await it.count();
    const first = await heldAt(it.trial, MINT, /^commit$/, 'before');
    expect(failureOf(await it.authorize())).toEqual(failure(3, 'HOLD_EXECUTE_BUSY'));
    expect(codeOf(await it.authorize('--dry-run'))).toBe('OK_PLANNED');
    first.kill('SIGKILL');
    await first.ended;
    first.stop.cut();
    await it.taken(() => it.authorize());
    expect(await it.count()).toBe(before + 1);
  });

  test('a revocation while it is minted comes after it, or finds nothing to take back', async () => {
    const code = await it.approved();
    const first = await heldAt(it.trial, MINT, /^commit$/, 'before');
    const second = it.retire();
    first.stop.release();
    expect(codeOf(await first.ended)).toBe('OK_APPLIED');
    const outcome = codeOf(await second);
    expect(['OK_APPLIED', 'NOOP_NOT_OURS', 'HOLD_PRESTATE_MOVED']).toContain(outcome);
    expect(await it.grantStatus(code)).toBe(outcome === 'OK_APPLIED' ? 'revoked' : 'active');
  });
});

describe('the handler', () => {
  const UNBIND: Call = [
    'dot-migration-apply',
    `--cloud --step H4 --for trial/handler-binding --file ${BIND_MIGRATION} --retire`.split(' '),
    '',
  ];
  const handler = () =>
    it.trial.value<string>(
      `select handler_ref as v from public.apr_action_types where action_code = 'authorize_build_step'`,
    );

  test('is not unbound beside a mint: who comes second waits, and finds the live grant', async () => {
    await it.approved();
    const mint = await heldAt(it.trial, MINT, /close_run/, 'before');
    const second = unbind(it.runtime);
    await waitsForLock(it.trial, second);
    mint.stop.release();
    expect(codeOf(await mint.ended)).toBe('OK_APPLIED');
    expect(failureOf(await second)).toEqual(failure(3, 'HOLD_PRESTATE_MOVED'));
    expect(await handler()).toBe(AUTHORIZE_HANDLER);
  });

  test('does not mint beside its unbinding: who comes second waits, and finds no handler', async () => {
    await it.approved();
    const before = await it.count();
    const first = await heldAt(it.trial, UNBIND, /close_run/, 'before');
    const second = it.authorize();
    await waitsForLock(it.trial, second);
    first.stop.release();
    expect(codeOf(await first.ended)).toBe('OK_APPLIED');
    expect(failureOf(await second)).toEqual(failure(3, 'HOLD_HANDLER_UNBOUND'));
    expect(await it.count()).toBe(before);
    must(await bind(it.runtime));
    await it.taken(() => it.authorize());
  });
});

test('a grant is one at a time whatever came before: the table itself refuses a second live one', async () => {
  const code = await it.minted();
  const second = `insert into ${GRANTS} select (jsonb_populate_record(null::${GRANTS}, to_jsonb(g)
    || '{"auth_code":"GBA-C1-OTHER","request_ref":"APR-2025-0007"}')).* from ${GRANTS} g where request_ref = '${code}'`;
  await expect(it.trial.tamper([GRANTS], second)).rejects.toThrow('one_live_grant_per_carrier');
  await it.taken(() => it.retire());
  await it.minted();
});
