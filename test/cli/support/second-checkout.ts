import { mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type CheckoutCopy, cleanEnvironment, type Ended } from './checkout-copy.ts';

/** The same commit in another folder, on the runtime and the stacks of the first. */
export interface SecondCheckout {
  readonly folder: string;
  readonly c1: (...words: readonly string[]) => Promise<Ended>;
  readonly dispose: () => Promise<void>;
}

export async function secondCheckout({ folder: first, stateDir }: CheckoutCopy): Promise<SecondCheckout> {
  const folder = join(await realpath(await mkdtemp(join(tmpdir(), 'c1 second-'))), 'elsewhere');
  // The link to the packages is part of the commit.
  await execa('git', ['clone', '--quiet', first, folder]);
  await symlink(stateDir, join(folder, '.c1'));
  const options = { cwd: folder, env: cleanEnvironment(), extendEnv: false, reject: false, stdin: 'ignore' } as const;
  return {
    folder,
    c1: async (...words) => {
      const { exitCode = -1, stdout, stderr } = await execa(process.execPath, ['cli/main.ts', ...words], options);
      return { exitCode, stdout, stderr };
    },
    dispose: () => rm(join(folder, '..'), { recursive: true, force: true }),
  };
}
