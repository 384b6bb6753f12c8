import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Moment } from './support/proxy.ts';
import {
  approve,
  binFolder,
  execute,
  executeArgs,
  must,
  propose,
  proposeArgs,
  restore,
  smallOrder,
  withdraw,
} from './support/registrar.ts';
import { codeOf, failure, failureOf, heldAt, mustRun } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
let order: object;
let start: Readonly<Record<string, string>>;
let there: Readonly<Record<string, string>>;
beforeAll(async () => {
  trial = await createTrial({ staged: false });
  await mustRun(trial, 'baseline', 'create');
  start = await binFolder(trial.runtime);
  const staged = { 'dot-c1-preflight': ['DOT_C1_PREFLIGHT', '#!/bin/sh\n# DOT-CODE: DOT_C1_PREFLIGHT\n'] } as const;
  order = await smallOrder(trial.runtime, { staged, alias: 'dot-dot-register-other' });
});
afterAll(() => trial?.dispose());

const RESTORE = executeArgs('--restore', 'DOT-REGISTER');
type Call = readonly [bin: string, args: readonly string[], stdin: string];
const ACTS = {
  propose: (): Call => ['dot-apr-propose', proposeArgs(), JSON.stringify(order)],
  apply: (): Call => ['dot-apr-execute', executeArgs(), ''],
  restore: (): Call => ['dot-apr-execute', RESTORE, ''],
};

async function killed(act: keyof typeof ACTS, statement: RegExp, moment: Moment = 'before'): Promise<void> {
  const { ended, kill, stop } = await heldAt(trial, ACTS[act](), statement, moment);
  kill('SIGKILL');
  expect((await ended).signal).toBe('SIGKILL');
  stop.cut();
}

const deploys = () =>
  trial.value<string[]>(`select array_agg(l.status order by l.id) as v from public.vps_deploy_log l
  join public.apr_requests q on q.apr_code = l.request_ref where q.apr_code like 'APR-C1-%'`);
const rows = () => trial.fingerprint({ intents: false });
const files = () => binFolder(trial.runtime);

describe('killed at each of its writes', () => {
  test('a proposal is there once or not at all', async () => {
    const before = await rows();
    for (const write of [/declare_run/, /open_run/, /apr_requests_insert/, /close_run/, /^commit$/])
      await killed('propose', write);
    expect(await rows()).toBe(before);
    await killed('propose', /^commit$/, 'after');
    const after = await rows();
    expect(codeOf(await propose(trial.runtime, { order }))).toBe('NOOP_ALREADY_THERE');
    expect(await rows()).toBe(after);
  });

  test('an apply leaves no row, and files only once they are all there; the same command completes it', async () => {
    await approve(trial.runtime);
    const before = await rows();
    for (const write of [/declare_run/, /open_run/, /apr_requests_update/, /vps_deploy_log_insert/, /close_run/])
      await killed('apply', write);
    expect(await files()).toEqual(start);
    await killed('apply', /^commit$/);
    there = await files();
    expect(
      Object.keys(there)
        .filter((name) => start[name] !== there[name])
        .toSorted(),
    ).toEqual([...['dot-c1-preflight', 'dot-dot-register', 'dot-dot-register-other']]);
    expect(await rows()).toBe(before);
    await killed('apply', /^commit$/, 'after');
    expect(codeOf(await execute(trial.runtime))).toBe('NOOP_ALREADY_THERE');
    expect([await files(), await deploys()]).toEqual([there, ['success']]);
  });

  test('a rollback leaves no row; the same command completes it, and so does putting the patch back', async () => {
    const before = await rows();
    for (const write of [/declare_run/, /open_run/, /vps_deploy_log_insert/, /close_run/])
      await killed('restore', write);
    expect(await files()).toEqual(there);
    await killed('restore', /^commit$/);
    expect([await files(), await rows()]).toEqual([start, before]);
    expect(codeOf(await execute(trial.runtime))).toBe('NOOP_ALREADY_THERE');
    expect(await files()).toEqual(there);
    await killed('restore', /^commit$/, 'after');
    expect(codeOf(await restore(trial.runtime))).toBe('NOOP_NOT_OURS');
    expect([await files(), await deploys()]).toEqual([start, ['success', 'restored']]);
  });
});

describe('at the commit', () => {
  beforeEach(async () => {
    must(await propose(trial.runtime, { order }));
    await approve(trial.runtime);
  });

  test.each(['before', 'after'] as const)(
    'an answer that is lost %s PostgreSQL did it is an unknown outcome, settled by the next run',
    async (moment) => {
      for (const [act, again, code] of [
        ['apply', execute, moment === 'after' ? 'NOOP_ALREADY_THERE' : 'OK_APPLIED'],
        ['restore', restore, moment === 'after' ? 'NOOP_NOT_OURS' : 'OK_APPLIED'],
      ] as const) {
        const { ended, stop } = await heldAt(trial, ACTS[act](), /^commit$/, moment);
        stop.cut();
        expect(failureOf(await ended)).toEqual(failure(3, 'HOLD_OUTCOME_UNKNOWN'));
        expect(codeOf(await again(trial.runtime))).toBe(code);
        expect(await files()).toEqual(act === 'apply' ? there : start);
      }
      expect((await deploys()).slice(-2)).toEqual(['success', 'restored']);
    },
  );

  test('a refusal puts every file back, of an apply and of a rollback', async () => {
    const refuse = `create function public.late() returns trigger language plpgsql as $f$ begin raise 'no' using errcode = 'C1H00'; end $f$;
      create constraint trigger zz_late after insert on public.vps_deploy_log deferrable initially deferred
        for each row execute function public.late()`;
    const forget = 'drop trigger zz_late on public.vps_deploy_log; drop function public.late()';
    for (const [again, then] of [
      [execute, there],
      [restore, start],
    ] as const) {
      const now = await files();
      await trial.tamper([], refuse);
      const before = await rows();
      expect((await again(trial.runtime)).exitCode).toBeGreaterThan(0);
      expect([await files(), await rows()]).toEqual([now, before]);
      await trial.tamper([], forget);
      expect(codeOf(await again(trial.runtime))).toBe('OK_APPLIED');
      expect(await files()).toEqual(then);
    }
  });
});

describe('files of an apply that was killed before its commit go', () => {
  test('with a restore, when the request was withdrawn since, and while it is still pending', async () => {
    for (const close of [() => withdraw(trial.runtime, order), async () => undefined]) {
      must(await propose(trial.runtime, { order }));
      await approve(trial.runtime);
      await killed('apply', /^commit$/);
      await close();
      expect(await files()).toEqual(there);
      const before = await rows();
      expect(codeOf(await restore(trial.runtime))).toBe('NOOP_NOT_OURS');
      expect([await files(), await rows()]).toEqual([start, before]);
    }
    must(await withdraw(trial.runtime, order));
  });

  test('with a restore of files that two owners approved, and of no others', async () => {
    must(await propose(trial.runtime, { order }));
    await approve(trial.runtime);
    await killed('apply', /^commit$/);
    await trial.tamper(['public.apr_approvals'], `delete from public.apr_approvals where apr_code like 'APR-C1-%'`);
    const before = await rows();
    expect(failureOf(await restore(trial.runtime))).toEqual(failure(3, 'HOLD_APR_AWAITING_QUORUM'));
    expect([await files(), await rows()]).toEqual([there, before]);
    await approve(trial.runtime);
    expect(codeOf(await restore(trial.runtime))).toBe('NOOP_NOT_OURS');
    expect(await files()).toEqual(start);
    must(await withdraw(trial.runtime, order));
  });
});

describe('two at once', () => {
  test('one works and the other is told so; after the first one was killed the next one goes on', async () => {
    must(await propose(trial.runtime, { order }));
    await approve(trial.runtime);
    const first = await heldAt(trial, ACTS.apply(), /^commit$/, 'before');
    expect(failureOf(await execute(trial.runtime))).toEqual(failure(3, 'HOLD_EXECUTE_BUSY'));
    expect(codeOf(await execute(trial.runtime, '--dry-run'))).toBe('OK_PLANNED');
    first.kill('SIGKILL');
    await first.ended;
    first.stop.cut();
    const second = await heldAt(trial, ACTS.apply(), /close_run/, 'before');
    second.stop.release();
    expect((await second.ended).exitCode).toBe(0);
    expect(await files()).toEqual(there);
    must(await restore(trial.runtime));
  });
});
