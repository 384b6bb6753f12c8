import { mkdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { CODE_FOLDER, START } from './bin-code.ts';
import { type BinConfigTarget, writeBinConfig } from './bin-config.ts';
import { errnoOf, writeIfOther } from './files.ts';

/**
 * What stands beside a bin: its configuration, and what its first line names.
 *
 * @param startFrom folder of what starts bins: a build's, or the `lib` of a host whose bins these are too
 */
export async function writeSurroundings(target: BinConfigTarget, startFrom: string): Promise<void> {
  const { paths } = target;
  await Promise.all([
    writeBinConfig(target),
    // Bins have no extension; without this the nearest package.json above the state folder would say what they are.
    ...[paths.dot, paths.reader].map((folder) =>
      writeIfOther(path.join(folder, 'package.json'), '{"type":"commonjs"}\n'),
    ),
    writeLib(paths.lib, startFrom),
    writeLib(path.join(paths.state, 'lib'), startFrom),
  ]);
}

/** The Node that runs this is the one that the bins were built for and that is known to fit; what starts them; bytecode. */
export async function writeLib(lib: string, startFrom: string): Promise<void> {
  await mkdir(lib, { recursive: true });
  await Promise.all([
    link(path.join(lib, 'node'), process.execPath),
    writeIfOther(path.join(lib, START), await readFile(path.join(startFrom, START), 'utf8'), 0o444),
    link(path.join(lib, CODE_FOLDER), path.join(startFrom, CODE_FOLDER)),
  ]);
}

async function link(place: string, target: string): Promise<void> {
  if ((await linkTarget(place)) === target) return;
  await rm(place, { force: true });
  await symlink(target, place);
}

async function linkTarget(place: string): Promise<string | null> {
  return readlink(place).catch((cause: unknown) => {
    if (['ENOENT', 'EINVAL'].includes(errnoOf(cause) ?? '')) return null;
    throw cause;
  });
}
