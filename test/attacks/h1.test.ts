import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  approveHandler,
  askHandler,
  deployHandler,
  EXECUTE,
  handlerOrderOf,
  orderWith,
  patchHandler,
  restoreHandler,
} from '../dots/support/handler.ts';
import { rewrite } from '../dots/support/patch-trial.ts';
import {
  binFile,
  binFolder,
  deployRegistrar,
  liveCode,
  must,
  OWNERS,
  restore,
  sha256Of,
  vote,
} from '../dots/support/registrar.ts';
import { codeOf, failure, failureOf, mustRun, printed } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';

/** Ways around H1 and H2: a patch that breaks, one that nobody approved, another file in the place of the deployed one. */
let trial: Trial;
let start: Readonly<Record<string, string>>;
let replaced: Buffer;
beforeAll(async () => {
  trial = await createTrial({ staged: false });
  await mustRun(trial, 'baseline', 'create');
  start = await binFolder(trial.runtime);
  replaced = await readFile(file());
});
afterAll(() => trial?.dispose());

const file = () => binFile(trial.runtime, EXECUTE);
const load = () => trial.runtime.reader(['gate', '--step', 'H2'], { stdin: { expected: {}, checks: ['handler'] } });
const NOT_LOADED = failure(3, 'HOLD_HANDLER_NOT_LOADED');

/** Refused with the code, and neither a row nor a file moved, but for the intent of the run. */
async function refused(exitCode: number, code: string, act: () => ReturnType<typeof restoreHandler>): Promise<string> {
  const state = async () => [await trial.fingerprint({ intents: false }), await binFolder(trial.runtime)];
  const before = await state();
  const answer = await act();
  expect([answer.stderr, failureOf(answer)]).toEqual([answer.stderr, failure(exitCode, code)]);
  expect(await state()).toEqual(before);
  return answer.stderr;
}

/** Every other arm does its work. */
async function armsWork(): Promise<void> {
  await deployRegistrar(trial.runtime);
  must(await restore(trial.runtime));
}

describe('a patch that breaks', () => {
  const HEAD = '#!/bin/sh\n# DOT-CODE: DOT-310\n';
  test.each([
    ['a shell script with a syntax error', 'REJECT_PATCH_SYNTAX', `${HEAD}if\n`],
    ['JavaScript with a syntax error', 'REJECT_PATCH_SYNTAX', '#!/bin/sh\n// DOT-CODE: DOT-310\nconst (;\n'],
    ['one that says nothing', 'REJECT_PATCH_DOES_NOT_RUN', `${HEAD}exit 0\n`],
    ['one that fails', 'REJECT_PATCH_DOES_NOT_RUN', `${HEAD}echo broken >&2; exit 1\n`],
    ['another version', 'REJECT_PATCH_DOES_NOT_RUN', `${HEAD}echo dot-apr-execute 2.2.0 DOT-310\n`],
    ["another DOT's file", 'REJECT_PATCH_TARGET', '#!/bin/sh\n# DOT-CODE: DOT-REGISTER\nexit 0\n'],
  ])(
    '%s is refused when it is applied, approved or not: the old file is in place and works',
    async (_, code, content) => {
      const order = await orderWith(trial.runtime, content);
      must(await askHandler(trial.runtime, order));
      await approveHandler(trial.runtime);
      await refused(4, code, () => patchHandler(trial.runtime));
      expect(await binFolder(trial.runtime)).toEqual(start);
      must(await askHandler(trial.runtime, order, '--retire'));
    },
  );

  test('leaves the other arms as they were, and the good patch is applied and taken back byte for byte', async () => {
    await armsWork();
    await deployHandler(trial.runtime);
    expect(sha256Of(await readFile(file()))).toBe(handlerOrderOf(trial.runtime).new_content_sha256);
    await armsWork();
    expect(codeOf(await restoreHandler(trial.runtime))).toBe('OK_APPLIED');
    expect(await binFolder(trial.runtime)).toEqual(start);
  });

  test('and says the right version is found by the first pass; the known-good backup brings it back', async () => {
    const version = 'test "$1" = --version && echo dot-apr-execute 2.3.0 DOT-310 && exit 0';
    await deployHandler(trial.runtime, await orderWith(trial.runtime, `${HEAD}${version}\necho broken >&2\nexit 1\n`));
    expect(failureOf(await load())).toEqual(NOT_LOADED);
    expect((await restoreHandler(trial.runtime)).exitCode).toBe(1);
    await rewrite(file(), await readFile(join(trial.runtime.paths.dot, 'backup', sha256Of(replaced))));
    must(await restoreHandler(trial.runtime));
    expect(await binFolder(trial.runtime)).toEqual(start);
    await deployHandler(trial.runtime);
    must(await load());
    must(await restoreHandler(trial.runtime));
  });
});

describe('without quorum', () => {
  test('nothing is patched: with no vote, with one; with two it is', async () => {
    must(await askHandler(trial.runtime));
    const code = await liveCode(trial.runtime, 'DOT-310');
    for (const owner of OWNERS) {
      await refused(3, 'HOLD_APR_AWAITING_QUORUM', () => patchHandler(trial.runtime));
      await vote(trial.runtime, owner, 'approve', { code });
    }
    expect(codeOf(await patchHandler(trial.runtime))).toBe('OK_APPLIED');
    must(await restoreHandler(trial.runtime));
  });

  test('a vote for the patch of the registrar is none for the handler', async () => {
    must(await askHandler(trial.runtime));
    await deployRegistrar(trial.runtime);
    await refused(3, 'HOLD_APR_AWAITING_QUORUM', () => patchHandler(trial.runtime));
    must(await restore(trial.runtime));
    must(await askHandler(trial.runtime, handlerOrderOf(trial.runtime), '--retire'));
  });
});

test('whoever does not own the patch takes it not back, neither rows nor files', async () => {
  await deployHandler(trial.runtime);
  const files = await binFolder(trial.runtime);
  const rows = await trial.fingerprint();
  for (const owner of ['other/handler-patch', 'trial/other']) {
    const line = `--cloud --step H1 --for ${owner} --restore DOT-310`;
    expect(codeOf(await trial.runtime.bin(EXECUTE, line.split(' ')))).toBe('NOOP_NOT_OURS');
    expect([await binFolder(trial.runtime), await trial.fingerprint()]).toEqual([files, rows]);
  }
  must(await restoreHandler(trial.runtime));
  expect(await binFolder(trial.runtime)).toEqual(start);
});

describe('the first pass of H2', () => {
  test('stops as long as v2.2.0 is there, passes once v2.3.0 is, and writes nothing', async () => {
    expect(failureOf(await load())).toEqual(NOT_LOADED);
    await deployHandler(trial.runtime);
    const before = await trial.fingerprint();
    expect(JSON.parse(must(await load()).stdout)).toMatchObject({ code: 'OK_READ', check: 'gate', step: 'H2' });
    expect(await trial.fingerprint()).toBe(before);
  });

  test('stops where another file answers, or none, and passes once the deployed one is back', async () => {
    const deployed = await readFile(file());
    const saying = (answer: object) => `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`;
    const right = { dot: 'DOT-310', version: '2.3.0', mode: 'dry-run', code: 'NOOP_ALREADY_THERE' };
    for (const content of [
      replaced,
      saying({ ...right, version: '2.2.0' }),
      saying({ ...right, code: 'OK_PLANNED' }),
      saying({ ...right, dot: 'DOT-REGISTER' }),
      '#!/bin/sh\nexit 0\n',
      '#!/bin/sh\nexit 1\n',
    ]) {
      await rewrite(file(), content);
      expect([String(content).slice(0, 90), failureOf(await load())]).toEqual([
        String(content).slice(0, 90),
        NOT_LOADED,
      ]);
    }
    await rewrite(file(), deployed);
    must(await load());
  });

  test('readback of the retire: v2.3.0 left behind is no restored handler; v2.2.0 is', async () => {
    const deployed = await readFile(file());
    const retired = () => trial.runtime.reader(['retired', '--step', 'H1']);
    expect(failureOf(await retired())).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
    must(await restoreHandler(trial.runtime));
    await rewrite(file(), deployed);
    expect(failureOf(await retired())).toEqual(failure(3, 'HOLD_DOT_INTERFACE_MISMATCH'));
    await rewrite(file(), replaced);
    must(await retired());
    expect(printed(await restoreHandler(trial.runtime)).code).toBe('NOOP_NOT_OURS');
  });
});
