import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { binFolder, execute, must, orderOf, propose, smallOrder, withdraw } from './support/registrar.ts';
import { codeOf, failureOf, mustRun, ONE_LINE } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial({ staged: false });
  await mustRun(trial, 'baseline', 'create');
});
afterAll(() => trial?.dispose());

async function unchanged(act: () => Promise<void>): Promise<void> {
  const state = async () => [await trial.fingerprint(), await binFolder(trial.runtime)];
  const before = await state();
  await act();
  expect(await state()).toEqual(before);
}

describe('an order that is none', () => {
  const BIN = '/opt/incomex/dot/bin';
  const CASES: readonly (readonly [string, object, string])[] = [
    ['a path above the folder', { file_path: `${BIN}/../dot-dot-register` }, 'ERROR_PAYLOAD_INVALID'],
    ['a path below the folder', { file_path: `${BIN}/dot-x/dot-dot-register` }, 'ERROR_PAYLOAD_INVALID'],
    ['an absolute path elsewhere', { file_path: '/etc/cron.d/dot-x' }, 'ERROR_PAYLOAD_INVALID'],
    ['a path with a line break', { file_path: `${BIN}/dot-dot-register\n` }, 'ERROR_PAYLOAD_INVALID'],
    ["another DOT's file", { file_path: `${BIN}/dot-apr-execute` }, 'REJECT_PATCH_TARGET'],
    ['a look-alike file', { file_path: `${BIN}/dot-dоt-register` }, 'ERROR_PAYLOAD_INVALID'],
    ['an alias with a path', { alias: '../dot-x' }, 'ERROR_PAYLOAD_INVALID'],
    ['a content file with a path', { content_file: '../bin/dot-apr-execute' }, 'ERROR_PAYLOAD_INVALID'],
    [
      'a staged file with a path',
      { staged_files: [{ file: '/dot-x', dot_code: 'DOT_C1_PREFLIGHT', sha256: '0'.repeat(64) }] },
      'ERROR_PAYLOAD_INVALID',
    ],
    ['another mode', { patch_mode: 'diff' }, 'ERROR_PAYLOAD_INVALID'],
    ['no test plan', { test_plan: [] }, 'ERROR_PAYLOAD_INVALID'],
    ['a test plan with an escape sequence', { test_plan: ['\u001b[2J'] }, 'ERROR_PAYLOAD_INVALID'],
    ['a session that is none', { session_code: 'S-C1 REG' }, 'ERROR_PAYLOAD_INVALID'],
    ['a digest in capitals', { new_content_sha256: 'A'.repeat(64) }, 'ERROR_PAYLOAD_INVALID'],
    ['another key', { force: true }, 'ERROR_PAYLOAD_INVALID'],
  ];
  test.each(CASES)('with %s is refused before anything is asked', async (_, changes, code) => {
    const order = { ...(await smallOrder(trial.runtime)), ...changes };
    await unchanged(async () =>
      expect(failureOf(await propose(trial.runtime, { order }))).toMatchObject({ code, stdout: '', oneLine: true }),
    );
  });

  test.each(['DOT-310', 'DOT_C1_PREFLIGHT', 'DOT-REGISTER%', 'DOT-%', 'dot-register', 'DОT-REGISTER', '../DOT', ''])(
    'for %j, which the flag and the order do not both name, or which is no DOT with a file',
    async (dotCode) => {
      for (const order of [orderOf(trial.runtime), { ...orderOf(trial.runtime), dot_code: dotCode }]) {
        await unchanged(async () => {
          const answer = await propose(trial.runtime, { order, dotCode });
          expect(['ERROR_PAYLOAD_INVALID', 'REJECT_PATCH_TARGET', 'ERROR_USAGE']).toContain(codeOf(answer));
          expect([answer.stdout, ONE_LINE.test(answer.stderr)]).toEqual(['', true]);
        });
      }
    },
  );

  test('that is huge, no JSON, or names a key twice is refused in one short line', async () => {
    await unchanged(async () => {
      for (const order of ['x'.repeat(20_000_000), '{', '{"dot_code":"a","dot_code":"b"}', '[]', 'null']) {
        const answer = await propose(trial.runtime, { order });
        expect([answer.exitCode > 0, answer.stdout, ONE_LINE.test(answer.stderr)]).toEqual([true, '', true]);
        expect(answer.stderr.length).toBeLessThan(2000);
      }
    });
  });

  test('made good is taken', async () => {
    const order = await smallOrder(trial.runtime);
    expect(codeOf(await propose(trial.runtime, { order }))).toBe('OK_APPLIED');
    must(await withdraw(trial.runtime, order));
  });
});

describe('an execute', () => {
  test.each([
    'DOT_C1_PREFLIGHT',
    'DOT-310',
    'DOT-REGISTER%',
    '%',
    'DOT_REGISTER',
    'DОT-REGISTER',
    'DOT-REGISTER-',
    '../x',
    "'; drop table x; --",
    '',
  ])('of %j patches nothing and restores nothing', async (dot) => {
    must(await propose(trial.runtime));
    await unchanged(async () => {
      const patched = await execute(trial.runtime, '--patch', dot);
      expect(['HOLD_APR_MISSING', 'ERROR_PAYLOAD_INVALID', 'ERROR_USAGE']).toContain(codeOf(patched));
      const restored = await execute(trial.runtime, '--restore', dot);
      expect(['NOOP_NOT_OURS', 'ERROR_PAYLOAD_INVALID', 'ERROR_USAGE']).toContain(codeOf(restored));
    });
    must(await withdraw(trial.runtime));
  });

  test('of both, or of neither, is a usage error', async () => {
    await unchanged(async () => {
      const both = ['--patch', 'DOT-REGISTER', '--restore', 'DOT-REGISTER'];
      for (const flags of [both, []]) {
        const args = ['--cloud', '--step', 'W1', '--for', 'trial/registrar', ...flags];
        expect(codeOf(await trial.runtime.bin('dot-apr-execute', args))).toBe('ERROR_USAGE');
      }
    });
  });
});
