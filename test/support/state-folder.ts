import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { stopCluster } from '../../runtime/cluster.ts';
import { stopExecutor } from '../../runtime/executor.ts';
import { CHECKOUT, type StatePaths, statePaths } from '../../runtime/paths.ts';
import { type Reporter, SILENT } from '../../runtime/reporter.ts';
import { type RunningRuntime, type RuntimeOptions, startRuntime } from '../../runtime/runtime.ts';
import type { BinResult } from './runtime.ts';

/** A state folder with a server of its own, for tests of starting and stopping. */
export interface StateFolder {
  readonly dir: string;
  readonly paths: StatePaths;
  readonly start: (options?: RuntimeOptions, report?: Reporter) => Promise<RunningRuntime>;
  /** Runs the command line `c1` on this folder, in a process of its own. */
  readonly c1: (words: readonly string[], env?: Readonly<Record<string, string>>) => Promise<BinResult>;
  readonly dispose: () => Promise<void>;
}

/** @param name of the folder inside a temporary one; may hold spaces */
export async function stateFolder(name = 'state'): Promise<StateFolder> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'c1-state-'));
  // As root the server runs as another user, which must get through this folder.
  await chmod(root, 0o755);
  const dir = path.join(root, name);
  const paths = statePaths(dir);
  return {
    dir,
    paths,
    start: (options = {}, report = SILENT) => startRuntime(dir, report, { fsync: false, ...options }),
    c1: (words, env = {}) => runC1(dir, words, env),
    dispose: async () => {
      await stopExecutor(paths);
      await stopCluster(paths, SILENT);
      await rm(root, { recursive: true, force: true });
    },
  };
}

export async function runC1(
  stateDir: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<BinResult> {
  const result = await execa(process.execPath, [path.join(CHECKOUT, 'cli', 'main.ts'), ...words], {
    env: { C1_STATE_DIR: stateDir, ...env },
    reject: false,
  });
  return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
}
