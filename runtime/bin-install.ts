import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { sha256Hex } from '../domain/canonical.ts';
import { type Built, EVIDENCER, READER, REHEARSER } from './bin-build.ts';
import type { BinConfigTarget } from './bin-config.ts';
import { frozenScript, stubScript } from './bin-header.ts';
import { writeSurroundings } from './bin-surroundings.ts';
import { readIfThere, writeAtomic, writeIfOther } from './files.ts';
import type { BinDigests } from './install.ts';
import { isExecutable } from './os-user.ts';
import type { StatePaths } from './paths.ts';
import { bringRelease } from './release.ts';
import { type DiskFile, diskFiles } from './seed/tools.ts';

export interface BinTarget extends BinConfigTarget {
  /** Folder of `buildBins`, which may be another runtime's. */
  readonly buildFolder: string;
  readonly built: Built;
  /** Digests of files that a DOT deployed and logged as known good: they are not put back to the built ones. */
  readonly knownGood: ReadonlySet<string>;
  /** Whether files that are not part of the starting state, such as staged ones, are removed. */
  readonly exact: boolean;
}

export interface InstalledBins {
  readonly digests: BinDigests;
  /** How many files of the DOT folder were written or removed. */
  readonly written: number;
}

/** Puts every file of the DOT folder in place, where it is not there already, and says what each now is. */
export async function installBins(target: BinTarget): Promise<InstalledBins> {
  const { paths } = target;
  const folders = [paths.bin, paths.reader];
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true })));
  await writeSurroundings(target, target.buildFolder);
  const files = await Promise.all(diskFiles().map((file) => installOne(target, file)));
  const removed = target.exact ? await removeOthers(paths, new Set(files.map(({ name }) => name))) : 0;
  await Promise.all([installBeside(target), bringRelease(paths, target.buildFolder, target.built)]);
  return {
    digests: Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256] as const).toSorted()),
    written: files.filter(({ written }) => written).length + removed,
  };
}

interface InstalledFile {
  readonly name: string;
  readonly sha256: string;
  readonly written: boolean;
}

async function installOne(target: BinTarget, file: DiskFile): Promise<InstalledFile> {
  const name = file.file;
  const place = path.join(target.paths.bin, name);
  const [wanted, seen] = await Promise.all([contentOf(target, file), readIfThere(place)]);
  const isDeployed = seen !== null && target.knownGood.has(sha256Hex(seen));
  const isRight = seen !== null && (isDeployed || seen === wanted) && (await isExecutable(place));
  // A deployed file is not what was installed: what it should be then, the request says that deployed it.
  if (isRight) return { name, sha256: sha256Hex(wanted), written: false };
  await writeAtomic(place, wanted, 0o555);
  return { name, sha256: sha256Hex(wanted), written: true };
}

async function removeOthers(paths: StatePaths, keep: ReadonlySet<string>): Promise<number> {
  const others = (await readdir(paths.bin)).filter((name) => !keep.has(name));
  await Promise.all(others.map((name) => rm(path.join(paths.bin, name), { recursive: true })));
  return others.length;
}

async function contentOf({ buildFolder, built }: BinTarget, { file, code, kind }: DiskFile): Promise<string> {
  if (kind === 'frozen') return frozenScript(file, code);
  if (built[file] === undefined) return stubScript(file, code);
  return readFile(path.join(buildFolder, file), 'utf8');
}

/** What is no DOT stands apart from the bins. */
async function installBeside({ paths, buildFolder, built }: BinTarget): Promise<void> {
  const there = [READER, REHEARSER, EVIDENCER].filter((name) => built[name] !== undefined);
  await Promise.all(
    there.map(async (name) =>
      writeIfOther(path.join(paths.reader, name), await readFile(path.join(buildFolder, name), 'utf8'), 0o555),
    ),
  );
}
