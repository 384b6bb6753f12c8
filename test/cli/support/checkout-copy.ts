import { readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import pWaitFor from 'p-wait-for';
import type { QueryResultRow } from 'pg';
import { root, stateFolder } from '../../../engine/root.mjs';
import { stopCluster } from '../../../runtime/cluster.ts';
import { withSuperuser } from '../../../runtime/connect.ts';
import { connectionOf } from '../../../runtime/connection-file.ts';
import { LIVE } from '../../../runtime/databases.ts';
import { stopExecutor } from '../../../runtime/executor.ts';
import { statePaths } from '../../../runtime/paths.ts';
import { SILENT } from '../../../runtime/reporter.ts';
import { upWithOwners } from '../../support/owners.ts';

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly end: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ended>;
}

/** A checkout of its own: the working files copied and committed, packages linked, a state folder of its own. */
export interface CheckoutCopy {
  readonly folder: string;
  readonly stateDir: string;
  /** Starts `node engine/bootstrap.mjs …`, as the npm scripts do. */
  readonly start: (...words: readonly string[]) => Started;
  readonly bootstrap: (...words: readonly string[]) => Promise<Ended>;
  readonly npm: (...words: readonly string[]) => Promise<Ended>;
  readonly c1: (...words: readonly string[]) => Promise<Ended>;
  readonly startC1: (...words: readonly string[]) => Started;
  /** `npx pulumi …`, without npx. */
  readonly pulumi: (...words: readonly string[]) => Promise<Ended>;
  /** `up` of the stack dryrun to its end: where it stops for the owners, both stand-ins approve, and it goes on. */
  readonly apply: () => Promise<Ended>;
  readonly startPulumi: (...words: readonly string[]) => Started;
  /** A statement as superuser, with the event triggers off. */
  readonly behindTheGuards: <T extends QueryResultRow>(sql: string) => Promise<readonly T[]>;
  /** `git status --porcelain`: empty when a run left the checkout as it was. */
  readonly gitStatus: () => Promise<string>;
  /** Command lines of processes that work in this copy, the database server's left out. */
  readonly left: () => readonly string[];
  readonly nobodyLeft: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const LIMIT = { timeout: 15_000, interval: 50 };

/** @param approvals whether the owners have to approve each step of its stack */
export async function checkoutCopy(approvals: 'required' | 'none' = 'none'): Promise<CheckoutCopy> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'c1 checkout-')));
  try {
    await fill(folder, approvals);
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw cause;
  }
  return describe(folder, join(folder, '.c1'));
}

async function fill(folder: string, approvals: string): Promise<void> {
  // As root the server runs as another user, which must get through this folder.
  await chmod(folder, 0o755);
  await copyWorkingFiles(folder, approvals);
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await commitAll(folder);
  const stateDir = join(folder, '.c1');
  await mkdir(stateDir);
  // The compile cache is the checkout's, which is warm; so are the engine's builds, below the user's cache folder.
  await symlink(join(stateFolder(), 'cache'), join(stateDir, 'cache'));
}

async function copyWorkingFiles(folder: string, approvals: string): Promise<void> {
  const { stdout } = await execa('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root });
  // A linked node_modules, as worktrees have it, is no folder to .gitignore.
  for (const file of stdout.split('\0').filter((name) => name !== '' && name !== 'node_modules')) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await copyFile(join(root, file), join(folder, file)).catch(ignoreDeleted);
  }
  const stack = join(folder, 'Pulumi.dryrun.yaml');
  const config = (await readFile(stack, 'utf8')).replace(/^encryptionsalt:.*\n/m, '');
  await writeFile(stack, config.replace(/c1:approvals: .*/, `c1:approvals: ${approvals}`));
}

/** Listed by git and deleted in the working folder. */
function ignoreDeleted(cause: NodeJS.ErrnoException): void {
  if (cause.code !== 'ENOENT') throw cause;
}

async function commitAll(folder: string): Promise<void> {
  const git = (...words: readonly string[]) => execa('git', words, { cwd: folder });
  await git('init', '--quiet');
  await git('add', '--all');
  const nobody = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  await git(...nobody, 'commit', '--quiet', '--no-verify', '--message=copy');
}

function describe(folder: string, stateDir: string): CheckoutCopy {
  const options = { cwd: folder, env: cleanEnvironment(), extendEnv: false, reject: false, stdin: 'ignore' } as const;
  const start = (file: string, words: readonly string[]): Started => {
    const child = execa(file, words, options);
    const ended = child.then(({ exitCode = -1, stdout, stderr }) => ({ exitCode, stdout, stderr }));
    return { end: (signal) => child.kill(signal), ended };
  };
  const run = (file: string, words: readonly string[]) => start(file, words).ended;
  const node = (...words: readonly string[]) => run(process.execPath, words);
  const launcher = (words: readonly string[]) => [
    'engine/launcher.mjs',
    ...words,
    '--non-interactive',
    '--color=never',
  ];
  const left = () => processesOf(folder);
  const pulumi = (...words: readonly string[]) => node(...launcher(words));
  return {
    folder,
    stateDir,
    start: (...words) => start(process.execPath, ['engine/bootstrap.mjs', ...words]),
    bootstrap: (...words) => node('engine/bootstrap.mjs', ...words),
    npm: (...words) => run('npm', words),
    c1: (...words) => node('cli/main.ts', ...words),
    startC1: (...words) => start(process.execPath, ['cli/main.ts', ...words]),
    pulumi,
    apply: () =>
      upWithOwners(
        stateDir,
        () => pulumi('up', '--stack', 'dryrun', '--yes', '--skip-preview'),
        ({ stdout, stderr }) => stdout + stderr,
      ),
    startPulumi: (...words) => start(process.execPath, launcher(words)),
    behindTheGuards: (sql) => behindTheGuards(stateDir, sql),
    gitStatus: async () => (await execa('git', ['status', '--porcelain'], { cwd: folder })).stdout,
    left,
    nobodyLeft: async () => {
      // The list says more than "timed out".
      await pWaitFor(() => left().length === 0, LIMIT).catch(() => {
        throw new Error(`still there: ${left().join('\n')}`);
      });
    },
    dispose: async () => {
      await stopExecutor(statePaths(stateDir));
      await stopCluster(statePaths(stateDir), SILENT);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Nothing of the engine that runs these tests, nor of the shell that started them. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(PULUMI_|PG|C1_|NODE_|npm_|VITEST|LISTR_|FORCE_COLOR)/.test(name),
  );
  return Object.fromEntries(entries);
}

async function behindTheGuards<T extends QueryResultRow>(stateDir: string, sql: string): Promise<readonly T[]> {
  const { port } = await connectionOf(stateDir);
  return withSuperuser(statePaths(stateDir), port, LIVE, async (client) => {
    await client.query('set event_triggers = off');
    return (await client.query<T>(sql)).rows;
  });
}

/**
 * What runs beside the runtime's own server and executor. A zombie has no command line; the server's processes call
 * themselves postgres, or by a path that may hold spaces.
 */
function processesOf(folder: string): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids
    .filter((pid) => `${content(`/proc/${pid}/environ`)}\0${content(`/proc/${pid}/cmdline`)}`.includes(`${folder}/`))
    .map((pid) => content(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim())
    .filter((line) => line !== '' && !/^([^-]*\/|\/.*\/native\/bin\/)?postgres(:| |$)/.test(line))
    .filter((line) => !line.endsWith('/opt/incomex/executor/config/service.json'));
}

function content(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
