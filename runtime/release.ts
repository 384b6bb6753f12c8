import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { canonicalJson, type Json, sha256Hex } from '../domain/canonical.ts';
import { type DotCode, dotOf } from '../domain/dots.ts';
import { HANDLER_DOT, HANDLER_NAME } from '../domain/handler.ts';
import { MIGRATION_FOLDER } from '../domain/migration.ts';
import { HARDENED_NAME } from '../domain/registrar.ts';
import { type Release, release } from '../domain/release.ts';
import type { Built } from './bin-build.ts';
import { writeIfOther } from './files.ts';
import { CHECKOUT, type StatePaths } from './paths.ts';
import { stagedLater } from './seed/tools.ts';

/**
 * Brings what this build has for H1, H4 and W1 into the release folder of the DOT host, beside the bins and staged by
 * nobody: requests name these files by digest, and `dot-apr-execute` and `dot-migration-apply` take them from here.
 */
export async function bringRelease({ release: folder }: StatePaths, buildFolder: string, built: Built): Promise<void> {
  if (built[HARDENED_NAME] === undefined) return;
  await mkdir(path.join(folder, MIGRATION_FOLDER), { recursive: true });
  const files = [HANDLER_NAME, HARDENED_NAME, ...stagedLater().map(({ file }) => file)];
  const migrations = await readMigrations();
  await Promise.all([
    ...files.map((file) => bring(path.join(buildFolder, file), path.join(folder, file))),
    ...migrations.map(({ file, text }) => writeIfOther(path.join(folder, file), text, 0o444)),
  ]);
  const found = releaseOf(built, migrations);
  await writeIfOther(path.join(folder, 'release.json'), `${canonicalJson(found as Json)}\n`, 0o644);
}

/** What the built files are, and which files the two patches replace. */
function releaseOf(built: Built, migrations: readonly Migration[]): Release {
  const patch = (file: string, code: DotCode) => {
    const { bin, version } = dotOf(code);
    return { file, sha256: built[file], replaces: { version, sha256: built[bin] } };
  };
  return release.parse({
    handler: patch(HANDLER_NAME, HANDLER_DOT),
    registrar: patch(HARDENED_NAME, 'DOT-REGISTER'),
    staged: stagedLater().map(({ file, code }) => ({ file, dot_code: code, sha256: built[file] })),
    migrations: migrations.map(({ file, text }) => ({ file, sha256: sha256Hex(text) })),
  });
}

interface Migration {
  /** `migrations/<name>.sql`. */
  readonly file: string;
  readonly text: string;
}

/** The checkout's governed migrations, as they are. */
async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(path.join(CHECKOUT, MIGRATION_FOLDER))).filter((name) => name.endsWith('.sql'));
  return Promise.all(
    names.toSorted().map(async (name) => {
      const file = `${MIGRATION_FOLDER}/${name}`;
      return { file, text: await readFile(path.join(CHECKOUT, file), 'utf8') };
    }),
  );
}

async function bring(from: string, to: string): Promise<void> {
  await writeIfOther(to, await readFile(from, 'utf8'), 0o444);
}
