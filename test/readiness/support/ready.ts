import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { inject } from 'vitest';
import { EXECUTOR_C1 } from '../../../domain/executor.ts';
import { installExecutor, startExecutor, stopExecutor } from '../../../runtime/executor.ts';
import { SILENT } from '../../../runtime/reporter.ts';
import { GrantTrial } from '../../authority/support/grant-trial.ts';
import { putAuthority } from '../../dots/support/authority.ts';
import { bind, deployHandler } from '../../dots/support/handler.ts';
import { deployRegistrar, must } from '../../dots/support/registrar.ts';
import { mustRun, rowsOf } from '../../dots/support/rows.ts';
import { createTrial, type Trial } from '../../dots/support/trial.ts';
import { HASH, MANIFEST } from '../../executor/support/c1-runtime.ts';

const STEPS_BY_DOT = ['BASELINE', 'W2', 'W3', 'W4', 'W5'] as const;

export interface ReadyTrial {
  readonly trial: Trial;
  /** Where the real executor of this runtime listens. */
  readonly executorConfig: string;
  readonly dispose: () => Promise<void>;
}

/** A runtime after W7: every row of W2 to W5 made by its DOT, the real executor deployed, a grant and an owner. */
export async function createReadyTrial(): Promise<ReadyTrial> {
  const trial = await createTrial();
  for (const { name } of STEPS_BY_DOT.flatMap(rowsOf)) await mustRun(trial, name, 'create');
  await deployExecutor(trial);
  await putAuthority(
    trial,
    HASH,
    MANIFEST.operations.map(({ operation_code }) => operation_code),
  );
  return readyOf(trial);
}

/** The same with H1, H4, W1 and W7 as well: nothing in it but what a DOT or the deploy made. */
export async function createWholeTrial(): Promise<ReadyTrial> {
  const trial = await createTrial({ staged: false });
  await mustRun(trial, 'baseline', 'create');
  await deployHandler(trial.runtime);
  must(await bind(trial.runtime));
  await deployRegistrar(trial.runtime);
  for (const { name } of (['W2', 'W3', 'W4', 'W5'] as const).flatMap(rowsOf)) await mustRun(trial, name, 'create');
  await deployExecutor(trial);
  await GrantTrial.of(trial).minted();
  await mustRun(trial, 'ownership', 'create');
  return readyOf(trial);
}

function readyOf(trial: Trial): ReadyTrial {
  const { paths } = trial.runtime;
  return {
    trial,
    executorConfig: path.join(paths.executor, 'config', 'executor.json'),
    dispose: async () => {
      await stopExecutor(paths);
      await trial.dispose();
    },
  };
}

async function deployExecutor(trial: Trial): Promise<void> {
  const { paths, database, port } = trial.runtime;
  const { buildFolder, built } = inject('testServer');
  await installExecutor({ paths, buildFolder, built, port, database });
  await startExecutor(paths, SILENT);
  deployC1(trial);
}

export function deployC1({ runtime: { paths } }: Trial): void {
  const words = ['--cloud', '--release', EXECUTOR_C1];
  execFileSync('./executor-deploy', words, { cwd: path.join(paths.executor, 'bin'), stdio: 'pipe' });
}
