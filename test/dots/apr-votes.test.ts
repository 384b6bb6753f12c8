import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { aprPrefix } from '../../domain/apr.ts';
import {
  approve,
  binFolder,
  execute,
  liveCode,
  must,
  OWNERS,
  propose,
  restore,
  smallOrder,
  vote,
  withdraw,
} from './support/registrar.ts';
import { codeOf, failure, failureOf, mustRun, printed, STACK } from './support/rows.ts';
import { proposersSignature } from './support/signatures.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
let order: unknown;
beforeAll(async () => {
  trial = await createTrial({ staged: false });
  await mustRun(trial, 'baseline', 'create');
});
afterEach(async () => {
  must(await restore(trial.runtime));
  must(await withdraw(trial.runtime, order));
});
afterAll(() => trial?.dispose());

const [FIRST, SECOND] = OWNERS;
const AWAITING = failure(3, 'HOLD_APR_AWAITING_QUORUM');
const hold = (code: string) => expect.objectContaining({ code });
const ask = (options: object = {}) => propose(trial.runtime, { order, ...options });
const votesOn = (code: string) =>
  trial.value<number>('select count(*)::int as v from public.apr_approvals where apr_code = $1', [code]);
const statusOf = (code: string) =>
  trial.value<string>('select status as v from public.apr_requests where apr_code = $1', [code]);

async function asked(version = '2.0.0'): Promise<string> {
  order = await smallOrder(trial.runtime, { version });
  must(await ask());
  return liveCode(trial.runtime);
}

async function unchanged(act: () => Promise<unknown>): Promise<void> {
  const state = async () => [await trial.fingerprint({ intents: false }), await binFolder(trial.runtime)];
  const before = await state();
  await act();
  expect(await state()).toEqual(before);
}

describe('a vote', () => {
  test('is one for each owner: the same again is a NOOP, the other decision is refused', async () => {
    const code = await asked();
    await vote(trial.runtime, FIRST);
    await unchanged(async () => {
      expect((await vote(trial.runtime, FIRST)).json.code).toBe('NOOP_ALREADY_THERE');
      await expect(vote(trial.runtime, FIRST, 'deny')).rejects.toEqual(hold('REJECT_VOTED_TWICE'));
      expect(failureOf(await execute(trial.runtime))).toEqual(AWAITING);
    });
    expect((await vote(trial.runtime, SECOND)).json).toMatchObject({ code: 'OK_APPLIED', quorum_passed: true });
    expect(await votesOn(code)).toBe(2);
    expect(codeOf(await execute(trial.runtime))).toBe('OK_APPLIED');
  });

  test('is for a pending request: not for one that is unknown, legacy, withdrawn, denied, applied or rolled back', async () => {
    /** The owner who voted on it is told so; a vote that was never cast is told that the request is closed. */
    const closed = async (code: string, status: string, refusal: string) => {
      expect(await statusOf(code)).toBe(status);
      await unchanged(() => expect(vote(trial.runtime, SECOND, 'deny', { code })).rejects.toEqual(hold(refusal)));
    };
    await expect(vote(trial.runtime, FIRST, 'approve', { code: 'APR-C1-X-0' })).rejects.toEqual(
      hold('HOLD_APR_MISSING'),
    );
    await expect(vote(trial.runtime, FIRST, 'deny', { code: 'APR-2025-0007' })).rejects.toEqual(
      hold('REJECT_APR_CLOSED'),
    );
    const withdrawn = await asked();
    must(await withdraw(trial.runtime, order));
    await closed(withdrawn, 'withdrawn', 'REJECT_APR_CLOSED');
    const denied = await asked();
    await vote(trial.runtime, FIRST, 'deny');
    await closed(denied, 'denied', 'REJECT_APR_CLOSED');
    const applied = await asked();
    await approve(trial.runtime);
    must(await execute(trial.runtime));
    await closed(applied, 'applied', 'REJECT_VOTED_TWICE');
    must(await restore(trial.runtime));
    await closed(applied, 'rolled_back', 'REJECT_VOTED_TWICE');
  });
});

describe('a denial', () => {
  test('is final, also after the quorum; the next request is another one, with votes of its own', async () => {
    const first = await asked();
    await approve(trial.runtime);
    // An owner who has approved cannot deny: a third one would, here behind the guards.
    await trial.tamper(
      ['public.apr_approvals'],
      `insert into public.apr_approvals (apr_code, voter, decision, signature)
         values ('${first}', 'voter_owner_3', 'deny', 'x')`,
    );
    expect(await trial.value('select public.quorum_passed($1) as v', [first])).toBe(false);
    await unchanged(async () => expect((await execute(trial.runtime)).exitCode).toBeGreaterThan(0));
    must(await withdraw(trial.runtime, order));

    const second = await asked();
    await vote(trial.runtime, FIRST);
    expect((await vote(trial.runtime, SECOND, 'deny')).json).toMatchObject({
      code: 'OK_APPLIED',
      quorum_passed: false,
    });
    expect(await statusOf(second)).toBe('denied');
    await unchanged(async () =>
      expect(failureOf(await execute(trial.runtime))).toEqual(failure(3, 'HOLD_APR_MISSING')),
    );

    const third = await asked();
    expect(new Set([first, second, third]).size).toBe(3);
    expect(failureOf(await execute(trial.runtime))).toEqual(AWAITING);
    await approve(trial.runtime);
    expect(codeOf(await execute(trial.runtime))).toBe('OK_APPLIED');
  });

  test('closes a request that its own proposer signed anew, with another content under the old code', async () => {
    const code = await asked();
    const changed = `jsonb_set(proposed_action, '{version}', '"9.9.9"')`;
    const set = (columns: string) =>
      trial.tamper(['public.apr_requests'], `update public.apr_requests set ${columns} where apr_code = '${code}'`);
    await set(`proposed_action = ${changed}`);
    await set(`proposer_signature = $s$${await proposersSignature(trial.runtime, code)}$s$`);
    await expect(vote(trial.runtime, FIRST)).rejects.toEqual(hold('REJECT_APR_ALTERED'));
    expect((await vote(trial.runtime, FIRST, 'deny')).json.code).toBe('OK_APPLIED');
  });

  test('closes a request whose content or proposer somebody forged', async () => {
    const code = await asked();
    await trial.tamper(
      ['public.apr_requests'],
      `update public.apr_requests set proposer = 'nobody' where apr_code = '${code}'`,
    );
    await expect(vote(trial.runtime, FIRST)).rejects.toEqual(hold('REJECT_UNKNOWN_SIGNER'));
    expect((await vote(trial.runtime, FIRST, 'deny')).json.code).toBe('OK_APPLIED');
    expect(await statusOf(code)).toBe('denied');
  });
});

describe('a request', () => {
  test('is one at a time on a DOT: another content is a HOLD while it is pending, and while it is applied', async () => {
    await asked();
    const other = await smallOrder(trial.runtime, { version: '3.0.0' });
    await unchanged(async () => expect(failureOf(await ask({ order: other }))).toEqual(failure(3, 'HOLD_APR_PENDING')));
    await approve(trial.runtime);
    must(await execute(trial.runtime));
    await unchanged(async () =>
      expect(failureOf(await ask({ order: other }))).toEqual(failure(3, 'HOLD_PRESTATE_MOVED')),
    );
    must(await restore(trial.runtime));
    expect(codeOf(await ask({ order: other }))).toBe('OK_APPLIED');
    must(await withdraw(trial.runtime, other));
  });

  test('belongs to its stack: another one neither asks for the same nor withdraws it', async () => {
    const code = await asked();
    const owner = 'another/registrar-request';
    await unchanged(async () => {
      expect(failureOf(await ask({ owner }))).toEqual(failure(3, 'HOLD_CLAIMED_ELSEWHERE'));
      expect(codeOf(await ask({ owner, flags: ['--retire'] }))).toBe('NOOP_NOT_OURS');
    });
    expect(codeOf(await ask({ owner: `${STACK}/registrar-request` }))).toBe('NOOP_ALREADY_THERE');
    expect(codeOf(await ask({ flags: ['--retire'] }))).toBe('OK_APPLIED');
    expect(await statusOf(code)).toBe('withdrawn');
    await unchanged(async () => expect(codeOf(await ask({ flags: ['--retire'] }))).toBe('NOOP_NOT_OURS'));
  });

  test('on a DOT whose code begins like another one is another family', async () => {
    await asked();
    const code = await liveCode(trial.runtime);
    const other = `${aprPrefix('DOT-REGISTER-TWO')}0123456789abcdef`;
    await trial.tamper(
      ['public.apr_requests'],
      `insert into public.apr_requests (apr_code, request_type, action_code, proposed_action, proposer, proposer_signature, risk_class, status)
         select '${other}', request_type, action_code, proposed_action, proposer, proposer_signature, risk_class, 'pending'
           from public.apr_requests where apr_code = '${code}'`,
    );
    expect(printed(await ask()).code).toBe('NOOP_ALREADY_THERE');
    await approveOnly(code);
    expect(codeOf(await execute(trial.runtime))).toBe('OK_APPLIED');
    await trial.tamper(['public.apr_requests'], `delete from public.apr_requests where apr_code = '${other}'`);
  });
});

async function approveOnly(code: string): Promise<void> {
  for (const owner of OWNERS) await vote(trial.runtime, owner, 'approve', { code });
}
