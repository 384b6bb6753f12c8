import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXTRA, extra, linked, NAME, PatchTrial, rewrite, STAGED, unlinked } from './support/patch-trial.ts';
import {
  execute,
  must,
  orderOf,
  propose,
  SHELL,
  type SmallPatch,
  sha256Of,
  smallOrder,
  withdraw,
} from './support/registrar.ts';

type Spoil = readonly [
  what: string,
  patch: SmallPatch,
  exit: number,
  code: string,
  spoil: () => Promise<void>,
  mend: () => Promise<void>,
];

const on = PatchTrial.forEachTest();

describe('between approval and apply', () => {
  const CASES: readonly Spoil[] = [
    [
      'a staged file altered in the release',
      ...([{ staged: STAGED }, 4, 'REJECT_APR_ALTERED'] as const),
      () => rewrite(on.inRelease(EXTRA), `${extra()}# more\n`),
      () => rewrite(on.inRelease(EXTRA), extra()),
    ],
    [
      'a staged file gone from the release',
      ...([{ staged: STAGED }, 4, 'REJECT_APR_ALTERED'] as const),
      () => rm(on.inRelease(EXTRA)),
      () => rewrite(on.inRelease(EXTRA), extra()),
    ],
    [
      'a staged file that is a link in the release',
      ...([{ staged: STAGED }, 4, 'REJECT_APR_ALTERED'] as const),
      () => linked(on.inRelease(EXTRA)),
      () => unlinked(on.inRelease(EXTRA)),
    ],
    [
      'another file of the name of a staged one',
      ...([{ staged: STAGED }, 3, 'HOLD_SURFACE_EXISTS'] as const),
      () => rewrite(on.file(EXTRA), 'another'),
      () => rm(on.file(EXTRA)),
    ],
    [
      'a dangling link of the name of a staged one',
      ...([{ staged: STAGED }, 3, 'HOLD_SURFACE_EXISTS'] as const),
      () => symlink('nowhere', on.file(EXTRA)),
      () => rm(on.file(EXTRA)),
    ],
    [
      'a file of the name of the alias',
      ...([{ alias: 'dot-dot-register-other' }, 3, 'HOLD_SURFACE_EXISTS'] as const),
      () => rewrite(on.file('dot-dot-register-other'), 'another'),
      () => rm(on.file('dot-dot-register-other')),
    ],
    [
      'a link to another file of the name of the alias',
      ...([{ alias: 'dot-dot-register-other' }, 3, 'HOLD_SURFACE_EXISTS'] as const),
      () => symlink('dot-apr-execute', on.file('dot-dot-register-other')),
      () => rm(on.file('dot-dot-register-other')),
    ],
    [
      'the target replaced by a link',
      ...([{}, 4, 'REJECT_PATCH_TARGET'] as const),
      () => linked(on.file(NAME)),
      () => unlinked(on.file(NAME)),
    ],
    [
      'the target gone',
      ...([{}, 4, 'REJECT_PATCH_TARGET'] as const),
      () => rm(on.file(NAME)),
      () => rewrite(on.file(NAME), on.replaced),
    ],
    [
      'the new file there by hand, and no backup of the old one',
      ...([{}, 3, 'HOLD_DOT_INTERFACE_MISMATCH'] as const),
      async () => {
        await rewrite(on.file(NAME), SHELL);
        await rm(join(on.runtime.paths.dot, 'backup', sha256Of(on.replaced)), { force: true });
      },
      () => rewrite(on.file(NAME), on.replaced),
    ],
    [
      'another target than the one that is replaced',
      ...([{}, 3, 'HOLD_DOT_INTERFACE_MISMATCH'] as const),
      () => rewrite(on.file(NAME), 'another'),
      () => rewrite(on.file(NAME), on.replaced),
    ],
  ];
  test.each(CASES)(
    '%s is a stop; once it is mended the same request is applied',
    async (_, patch, exit, code, spoil, mend) => {
      await on.approved(patch);
      await spoil();
      await on.refused(exit, code);
      await mend();
      await on.taken();
    },
  );
});

describe('a patch that was approved and cannot be', () => {
  const JS = '// DOT-CODE: DOT-REGISTER\n';
  const CASES: readonly (readonly [string, SmallPatch, string])[] = [
    ['a shell script with a syntax error', { content: `${SHELL}if\n` }, 'REJECT_PATCH_SYNTAX'],
    ['JavaScript with a syntax error', { content: `#!/bin/sh\n${JS}const (;\n` }, 'REJECT_PATCH_SYNTAX'],
    ["another DOT's code", { content: '#!/bin/sh\n# DOT-CODE: DOT-310\n' }, 'REJECT_PATCH_TARGET'],
    ['no code', { content: '#!/bin/sh\nexit 0\n' }, 'REJECT_PATCH_TARGET'],
    ['two codes', { content: `${SHELL}# DOT-CODE: DOT-310\n` }, 'REJECT_PATCH_TARGET'],
    ["a staged file with another's code", staged('# DOT-CODE: DOT_C1_VOCAB_BUILD\n'), 'REJECT_PATCH_TARGET'],
    ['a staged file without code', staged(''), 'REJECT_PATCH_TARGET'],
    [
      'a staged file with two codes',
      staged('# DOT-CODE: DOT_C1_PREFLIGHT\n# DOT-CODE: DOT-310\n'),
      'REJECT_PATCH_TARGET',
    ],
  ];
  test.each(CASES)('%s is refused at the write; the next request, made good, is applied', async (_, patch, code) => {
    await on.approved(patch);
    const stderr = await on.refused(4, code, () => execute(on.runtime));
    expect(stderr).not.toContain(on.runtime.paths.state);
    must(await withdraw(on.runtime, on.order));
    await on.approved({ staged: STAGED, alias: 'dot-dot-register-other' });
    await on.taken();
  });

  function staged(head: string): SmallPatch {
    return { staged: { [EXTRA]: ['DOT_C1_PREFLIGHT', extra(head)] } };
  }
});

describe('a folder that cannot be written', () => {
  const ready = () => join(on.runtime.paths.dot, 'ready');
  // The second one stops the patch when the registrar is in its place already.
  const CASES: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['from the beginning', () => writeFile(ready(), 'no folder')],
    ['in the middle of it', () => mkdir(join(ready(), `${EXTRA}.part`), { recursive: true })],
  ];
  test.each(CASES)(
    '%s is an error in one line, with every file as it was; once it can, the patch is applied',
    async (_, spoil) => {
      await on.approved({ staged: STAGED });
      await rm(ready(), { recursive: true, force: true });
      await spoil();
      await on.refused(1, 'ERROR_STATE_FOLDER');
      await rm(ready(), { recursive: true });
      await on.taken();
    },
  );
});

test('a release with another content file, none, or a link is refused before anything is asked', async () => {
  on.order = orderOf(on.runtime);
  const small = await smallOrder(on.runtime);
  const ask = () => propose(on.runtime, { order: small });
  for (const spoil of [
    () => rewrite(on.inRelease('dot-small'), 'x'),
    () => rm(on.inRelease('dot-small')),
    () => symlink(on.file('dot-apr-execute'), on.inRelease('dot-small')),
  ]) {
    await spoil();
    await on.refused(1, 'ERROR_PAYLOAD_INVALID', ask);
  }
  await rewrite(on.inRelease('dot-small'), SHELL);
  on.order = small;
  await on.taken(ask);
});
