import { mkdir, readlink, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { type BinConfigTarget, writeBinConfig } from './bin-config.ts';
import { errnoOf, writeIfOther } from './files.ts';

/** What stands beside a bin: its configuration, and the Node and the cache that its first line names. */
export async function writeSurroundings(target: BinConfigTarget): Promise<void> {
  const { paths } = target;
  await Promise.all([
    writeBinConfig(target),
    // Bins have no extension; without this the nearest package.json above the state folder would say what they are.
    ...[paths.dot, paths.reader].map((folder) =>
      writeIfOther(path.join(folder, 'package.json'), '{"type":"commonjs"}\n'),
    ),
    link(path.join(paths.lib, 'node')),
    link(path.join(paths.state, 'lib', 'node')),
  ]);
}

/** The Node that runs this is the one that the bins were built for and that is known to fit. */
export async function link(place: string): Promise<void> {
  if ((await linkTarget(place)) === process.execPath) return;
  await mkdir(path.dirname(place), { recursive: true });
  await rm(place, { force: true });
  await symlink(process.execPath, place);
}

async function linkTarget(place: string): Promise<string | null> {
  return readlink(place).catch((cause: unknown) => {
    if (['ENOENT', 'EINVAL'].includes(errnoOf(cause) ?? '')) return null;
    throw cause;
  });
}
