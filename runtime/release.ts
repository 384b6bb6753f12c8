import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { canonicalJson, type Json } from '../domain/canonical.ts';
import { dotOf } from '../domain/dots.ts';
import { HARDENED_NAME } from '../domain/registrar.ts';
import { type Release, release } from '../domain/release.ts';
import type { Built } from './bin-build.ts';
import { writeIfOther } from './files.ts';
import type { StatePaths } from './paths.ts';
import { stagedLater } from './seed/tools.ts';

/**
 * Brings what this build has for W1 into the release folder of the DOT host, beside the bins and staged by nobody: the
 * approval request names these files by digest, and `dot-apr-execute` takes them from here.
 */
export async function bringRelease({ release: folder }: StatePaths, buildFolder: string, built: Built): Promise<void> {
  if (built[HARDENED_NAME] === undefined) return;
  await mkdir(folder, { recursive: true });
  const files = [HARDENED_NAME, ...stagedLater().map(({ file }) => file)];
  await Promise.all(files.map((file) => bring(path.join(buildFolder, file), path.join(folder, file))));
  await writeIfOther(path.join(folder, 'release.json'), `${canonicalJson(releaseOf(built) as Json)}\n`, 0o644);
}

/** What the built files are, and which file the registrar's patch replaces. */
export function releaseOf(built: Built): Release {
  const { bin, version } = dotOf('DOT-REGISTER');
  return release.parse({
    registrar: { file: HARDENED_NAME, sha256: built[HARDENED_NAME], replaces: { version, sha256: built[bin] } },
    staged: stagedLater().map(({ file, code }) => ({ file, dot_code: code, sha256: built[file] })),
  });
}

async function bring(from: string, to: string): Promise<void> {
  await writeIfOther(to, await readFile(from, 'utf8'), 0o444);
}
