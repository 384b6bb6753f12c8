import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AUTHORIZE_ACTION, AUTHORIZE_HANDLER, HANDLER_UNBOUND } from '../../domain/handler.ts';
import { BIND_MIGRATION } from '../../domain/migration.ts';
import { delta } from '../../domain/plans/plan.ts';
import { LOGINS } from '../../runtime/roles.ts';
import { GRANTS, putAuthority } from '../dots/support/authority.ts';
import { bind, deployHandler, orderWith, restoreHandler, unbind } from '../dots/support/handler.ts';
import { binFile, binFolder, must } from '../dots/support/registrar.ts';
import { codeOf, failure, failureOf, heldAt, mustRun, waitsForLock } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';
import { as, asOwner, attempt, BYPASS, NO_RIGHT, SUPERUSER } from '../runtime/guards/support/attempt.ts';
import { applied, type RunOptions, runOf, type Statement } from '../runtime/guards/support/runs.ts';

/** Ways around H4: handler_ref by hand, by another DOT, to another handler, before H1, or unbound under a live grant. */
let trial: Trial;
beforeAll(async () => {
  trial = await createTrial({ staged: false });
  await mustRun(trial, 'baseline', 'create');
});
afterAll(() => trial?.dispose());

const TABLE = 'public.apr_action_types';
const handler = () =>
  trial.value<string>(`select handler_ref as v from ${TABLE} where action_code = '${AUTHORIZE_ACTION}'`);

/** Neither a row nor a file moved, but for the intents of runs. */
async function unchanged(act: () => Promise<void>): Promise<void> {
  const state = async () => [await trial.fingerprint({ intents: false }), await binFolder(trial.runtime)];
  const before = await state();
  await act();
  expect(await state()).toEqual(before);
}

async function refused(exitCode: number, code: string, act: () => ReturnType<typeof bind>): Promise<void> {
  await unchanged(async () => {
    const answer = await act();
    expect([answer.stderr, failureOf(answer)]).toEqual([answer.stderr, failure(exitCode, code)]);
  });
}

describe('before the handler is deployed', () => {
  test('nothing is bound; once H1 is applied the same command binds, once', async () => {
    expect(codeOf(must(await bind(trial.runtime, { flags: ['--dry-run'] })))).toBe('OK_PLANNED');
    await refused(3, 'HOLD_HANDLER_NOT_DEPLOYED', () => bind(trial.runtime));
    await deployHandler(trial.runtime);
    expect(codeOf(await bind(trial.runtime))).toBe('OK_APPLIED');
    expect(await handler()).toBe(AUTHORIZE_HANDLER);
    await unchanged(async () => {
      expect(codeOf(await bind(trial.runtime))).toBe('NOOP_ALREADY_THERE');
    });
  });

  test('nor after the patch was taken back', async () => {
    must(await unbind(trial.runtime));
    must(await restoreHandler(trial.runtime));
    await refused(3, 'HOLD_HANDLER_NOT_DEPLOYED', () => bind(trial.runtime));
    await deployHandler(trial.runtime);
    must(await bind(trial.runtime));
  });
});

describe('while its patch is taken back', () => {
  const words = (line: string) => ['--cloud', ...line.split(' ')];
  const RESTORE = ['dot-apr-execute', words('--step H1 --for trial/handler-patch --restore DOT-310'), ''] as const;
  const BIND = [
    'dot-migration-apply',
    words(`--step H4 --for trial/handler-binding --file ${BIND_MIGRATION}`),
    '',
  ] as const;

  test('nothing is bound: who comes second waits, and finds no patch', async () => {
    must(await unbind(trial.runtime));
    const first = await heldAt(trial, RESTORE, /close_run/, 'before');
    const second = bind(trial.runtime);
    await waitsForLock(trial, second);
    first.stop.release();
    expect(codeOf(await first.ended)).toBe('OK_APPLIED');
    expect(failureOf(await second)).toEqual(failure(3, 'HOLD_HANDLER_NOT_DEPLOYED'));
    expect(await handler()).toBe(HANDLER_UNBOUND);
  });

  test('nor is it taken back while it is bound: who comes second waits, and finds the handler', async () => {
    await deployHandler(trial.runtime);
    const files = await binFolder(trial.runtime);
    const first = await heldAt(trial, BIND, /close_run/, 'before');
    const second = restoreHandler(trial.runtime);
    await waitsForLock(trial, second);
    first.stop.release();
    expect(codeOf(await first.ended)).toBe('OK_APPLIED');
    expect(failureOf(await second)).toEqual(failure(3, 'HOLD_PRESTATE_MOVED'));
    expect(await binFolder(trial.runtime)).toEqual(files);
    expect(await handler()).toBe(AUTHORIZE_HANDLER);
  });
});

test('another version than that of the handler is none that can be bound, deployed or not', async () => {
  must(await unbind(trial.runtime));
  must(await restoreHandler(trial.runtime));
  const other = await readFile(binFile(trial.runtime, 'dot-apr-execute'), 'utf8');
  const order = await orderWith(trial.runtime, other.replaceAll('2.2.0', '2.2.9'));
  await deployHandler(trial.runtime, { ...order, version: '2.2.9' });
  await refused(3, 'HOLD_HANDLER_NOT_DEPLOYED', () => bind(trial.runtime));
  must(await restoreHandler(trial.runtime));
  await deployHandler(trial.runtime);
  must(await bind(trial.runtime));
});

describe('raw SQL', () => {
  const STATEMENTS = [
    `update ${TABLE} set handler_ref = 'dot-x:y' where action_code = '${AUTHORIZE_ACTION}'`,
    `update ${TABLE} set handler_ref = '${HANDLER_UNBOUND}'`,
    `update ${TABLE} set handler_ref = handler_ref where false`,
    `insert into ${TABLE} (action_code, act_type, status, handler_ref) values ('x', 'x', 'active', 'x')`,
    `delete from ${TABLE} where action_code = '${AUTHORIZE_ACTION}'`,
    `truncate ${TABLE} cascade`,
  ];

  test.each(STATEMENTS)('%s is refused to every login, to the owner and to a superuser', async (sql) => {
    await unchanged(async () => {
      for (const { name } of LOGINS) {
        await as(trial.runtime, name, async (client) => {
          await client.query('set default_transaction_read_only = off');
          expect([name, await attempt(client, sql)]).toEqual([name, NO_RIGHT]);
        });
      }
      expect(await asOwner(trial.runtime, (client) => attempt(client, sql))).toBe(BYPASS);
      expect(await as(trial.runtime, SUPERUSER, (client) => attempt(client, sql))).toBe(BYPASS);
    });
  });

  const CALLS = [
    `select iu_core.bind_handler('${AUTHORIZE_ACTION}', '${AUTHORIZE_HANDLER}')`,
    `select iu_core.unbind_handler('${AUTHORIZE_ACTION}')`,
  ];
  test.each(CALLS)('%s outside of a run is refused to its own DOT, and is no right of any other', async (sql) => {
    await unchanged(async () => {
      for (const { name } of LOGINS) {
        const outcome = await as(trial.runtime, name, (client) => attempt(client, sql));
        expect([name, outcome]).toEqual([name, name === 'dot_migration_apply' ? BYPASS : NO_RIGHT]);
      }
      expect(await as(trial.runtime, SUPERUSER, (client) => attempt(client, sql))).toBe(BYPASS);
    });
  });
});

describe('a run of the DOT itself, by hand', () => {
  const image = (action_code: string, handler_ref: string) => ({
    ...{ act_type: 'governance_action', action_code, handler_ref, protocol_version: '1', status: 'active' },
  });
  const BOUND = image(AUTHORIZE_ACTION, AUTHORIZE_HANDLER);
  const FREE = image(AUTHORIZE_ACTION, HANDLER_UNBOUND);
  const ref = (action_code: string) => ({ surface: 'apr_action_types', key: action_code }) as const;

  /** The run as declared, with any statement in the place of its own. */
  function attack(before: ReturnType<typeof image>, after: typeof before, options: RunOptions, write: Statement) {
    const changes = delta(ref(before.action_code), 'update', before, after);
    const owner = { stack: 'trial', resource: 'handler-binding', step: 'H4' };
    const run = runOf('DOT_MIGRATION_APPLY', [changes], { ...owner, ...options });
    return as(trial.runtime, 'dot_migration_apply', (client) => applied(client, run, write));
  }

  const calling = (name: string, ...values: readonly (string | null)[]): Statement => [
    `select iu_core.${name}(${values.map((_, at) => `$${at + 1}`).join(', ')})`,
    values,
  ];

  test('binds no other handler and no other action', async () => {
    must(await unbind(trial.runtime));
    const other = image('rotate_secret', 'dot-apr-execute:rotate_secret');
    await unchanged(async () => {
      for (const [before, after, write] of [
        [FREE, image(AUTHORIZE_ACTION, 'dot-x:y'), calling('bind_handler', AUTHORIZE_ACTION, 'dot-x:y')],
        [FREE, BOUND, calling('bind_handler', AUTHORIZE_ACTION, null)],
        [FREE, BOUND, calling('bind_handler', null, AUTHORIZE_HANDLER)],
        [other, image('rotate_secret', AUTHORIZE_HANDLER), calling('bind_handler', 'rotate_secret', AUTHORIZE_HANDLER)],
        [
          other,
          image('rotate_secret', AUTHORIZE_HANDLER),
          calling('bind_handler', AUTHORIZE_ACTION, AUTHORIZE_HANDLER),
        ],
        [FREE, BOUND, calling('unbind_handler', AUTHORIZE_ACTION)],
      ] as const) {
        expect([write, await attack(before, after, {}, write)]).toEqual([write, 'REJECT_NOT_ALLOWED']);
      }
    });
    expect(await attack(FREE, BOUND, {}, calling('bind_handler', AUTHORIZE_ACTION, AUTHORIZE_HANDLER))).toBe(
      'accepted',
    );
    expect(await handler()).toBe(AUTHORIZE_HANDLER);
  });

  test('does not unbind in a run that says apply, nor what another resource claims, nor twice in one', async () => {
    const retire = { direction: 'retire' } as const;
    await unchanged(async () => {
      expect(await attack(BOUND, FREE, {}, calling('unbind_handler', AUTHORIZE_ACTION))).toBe('REJECT_NOT_ALLOWED');
      const stranger = { ...retire, resource: 'another' };
      expect(await attack(BOUND, FREE, stranger, calling('unbind_handler', AUTHORIZE_ACTION))).toBe(
        'HOLD_CLAIMED_ELSEWHERE',
      );
    });
    expect(await attack(BOUND, FREE, retire, calling('unbind_handler', AUTHORIZE_ACTION))).toBe('accepted');
    expect(codeOf(await unbind(trial.runtime))).toBe('NOOP_NOT_OURS');
    must(await bind(trial.runtime));
  });
});

describe('the order of a destroy', () => {
  test('the patch stays while its handler is bound', async () => {
    await refused(3, 'HOLD_PRESTATE_MOVED', () => restoreHandler(trial.runtime));
    must(await unbind(trial.runtime));
    must(await restoreHandler(trial.runtime));
    await deployHandler(trial.runtime);
    must(await bind(trial.runtime));
  });

  test('the handler stays bound under a live grant; a used, revoked or overdue one is none', async () => {
    await putAuthority(trial, 'a'.repeat(64), ['admission_record']);
    await refused(3, 'HOLD_PRESTATE_MOVED', () => unbind(trial.runtime));
    for (const over of [`status = 'consumed'`, `status = 'revoked'`, `status = 'expired'`]) {
      await trial.tamper([GRANTS], `update ${GRANTS} set ${over}`);
      must(await unbind(trial.runtime));
      must(await bind(trial.runtime));
    }
    await trial.tamper([GRANTS], `update ${GRANTS} set status = 'active'`);
    await refused(3, 'HOLD_PRESTATE_MOVED', () => unbind(trial.runtime));
    const past = `granted_at = now() - interval '2 hours', expires_at = now() - interval '1 hour'`;
    await trial.tamper([GRANTS], `update ${GRANTS} set ${past}`);
    must(await unbind(trial.runtime));
    must(await bind(trial.runtime));
  });
});

describe('whose the binding is', () => {
  test('another stack gets a HOLD and unbinds nothing; another resource of the stack takes it over', async () => {
    await refused(3, 'HOLD_CLAIMED_ELSEWHERE', () => bind(trial.runtime, { owner: 'other/handler-binding' }));
    await unchanged(async () => {
      expect(codeOf(await unbind(trial.runtime, { owner: 'other/handler-binding' }))).toBe('NOOP_NOT_OURS');
    });
    expect(codeOf(await bind(trial.runtime, { owner: 'trial/moved' }))).toBe('NOOP_CLAIM_MOVED');
    expect(codeOf(await unbind(trial.runtime))).toBe('NOOP_NOT_OURS');
    expect(codeOf(await unbind(trial.runtime, { owner: 'trial/moved' }))).toBe('OK_APPLIED');
    expect(await handler()).toBe(HANDLER_UNBOUND);
  });

  test('a handler that somebody bound by hand is a HOLD, bound by us or not; as it was, it is bound', async () => {
    const byHand = (value: string) =>
      trial.tamper([TABLE], `update ${TABLE} set handler_ref = '${value}' where action_code = '${AUTHORIZE_ACTION}'`);
    for (const value of [AUTHORIZE_HANDLER, 'dot-x:y']) {
      await byHand(value);
      await refused(3, 'HOLD_DRIFT', () => bind(trial.runtime));
    }
    await byHand(HANDLER_UNBOUND);
    must(await bind(trial.runtime));
    await byHand('dot-x:y');
    await refused(3, 'HOLD_DRIFT', () => bind(trial.runtime));
    await refused(3, 'HOLD_DRIFT', () => unbind(trial.runtime));
    await byHand(AUTHORIZE_HANDLER);
    must(await unbind(trial.runtime));
  });
});
