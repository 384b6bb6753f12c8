import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXTRA, extra, NAME, PatchTrial, rewrite, STAGED } from './support/patch-trial.ts';
import { binFolder, execute, restore, SHELL, sha256Of } from './support/registrar.ts';
import { codeOf } from './support/rows.ts';

const on = PatchTrial.forEachTest();

describe('taking a patch back', () => {
  const backup = () => join(on.runtime.paths.dot, 'backup', sha256Of(on.replaced));
  const CASES: readonly (readonly [string, string, () => Promise<void>, () => Promise<void>])[] = [
    [
      'a file that nobody deployed',
      'HOLD_DOT_INTERFACE_MISMATCH',
      () => rewrite(on.file(NAME), 'x'),
      () => rewrite(on.file(NAME), SHELL),
    ],
    ['a backup that is gone', 'HOLD_DOT_INTERFACE_MISMATCH', async () => rm(backup()), () => giveBack()],
    ['a backup of other content', 'HOLD_DOT_INTERFACE_MISMATCH', async () => rewrite(backup(), 'x'), () => giveBack()],
    [
      'a staged file that was altered',
      'HOLD_SURFACE_EXISTS',
      () => rewrite(on.file(EXTRA), 'x'),
      () => rewrite(on.file(EXTRA), extra()),
    ],
  ];
  const giveBack = () => rewrite(backup(), on.replaced);

  test.each(CASES)('with %s is a stop; once it is mended everything goes back', async (_, code, spoil, mend) => {
    await on.approved({ staged: STAGED });
    await on.taken();
    await spoil();
    await on.refused(3, code, () => restore(on.runtime));
    await mend();
    await on.taken(() => restore(on.runtime));
  });

  test('with a staged file that somebody removed goes back all the same', async () => {
    await on.approved({ staged: STAGED });
    await on.taken();
    await rm(on.file(EXTRA));
    await on.taken(() => restore(on.runtime));
  });

  test('an applied patch whose files were lost is put in place again by the same command', async () => {
    await on.approved({ staged: STAGED, alias: 'dot-dot-register-other' });
    await on.taken();
    const there = await binFolder(on.runtime);
    for (const name of [EXTRA, 'dot-dot-register-other']) await rm(on.file(name));
    expect(codeOf(await execute(on.runtime))).toBe('NOOP_ALREADY_THERE');
    expect(await binFolder(on.runtime)).toEqual(there);
  });
});
