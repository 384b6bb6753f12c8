import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stateFolder } from '../engine/root.mjs';
import { type Built, buildBins } from '../runtime/bin-build.ts';
import { type StatePaths, statePaths } from '../runtime/paths.ts';
import { isAlive } from '../runtime/postmaster.ts';
import { SILENT } from '../runtime/reporter.ts';
import { startRuntime } from '../runtime/runtime.ts';

/** A PostgreSQL of the bench's own, with the sealed template that every project's database is copied from. */
export interface Lab {
  readonly folder: string;
  readonly paths: StatePaths;
  readonly port: number;
  readonly built: Built;
  /** Ends the server and removes the folder. */
  readonly close: () => Promise<void>;
}

const PREFIX = 'lab-';

/**
 * Starts it as `c1 runtime start` does, fsync included, but in a folder of its own beside the checkout's runtime (the same
 * disk), and with autovacuum off, so that a counted transaction can only be one that a measured program began.
 */
export async function openLab(): Promise<Lab> {
  const parent = join(stateFolder(), 'bench');
  await mkdir(parent, { recursive: true });
  await sweepAbandoned(parent);
  const folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
  // As root the server runs as another user, which must get through this folder.
  await chmod(folder, 0o755);
  const close = keep(folder);
  try {
    const { port } = await startRuntime(folder, SILENT, { autovacuum: false, executor: false });
    const paths = statePaths(folder);
    return { folder, paths, port, built: await buildBins(paths.build), close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** Where even the keeper was killed, a server and a folder are left; the folder's name says whose they were. */
async function sweepAbandoned(parent: string): Promise<void> {
  const labs = (await readdir(parent)).filter((name) => name.startsWith(PREFIX));
  const abandoned = labs.filter((name) => !isAlive(Number.parseInt(name.slice(PREFIX.length), 10) || 0));
  await Promise.all(abandoned.map((name) => keep(join(parent, name))()));
}

/**
 * Tearing down is a process of its own that waits for our end of a pipe to close: a bench that is killed closes it as
 * well as one that ends.
 */
function keep(folder: string): () => Promise<void> {
  const keeper = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts'), folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(keeper, 'exit');
  return async () => {
    keeper.stdin.end();
    await ended;
  };
}
