import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { engineEnvironment } from '../engine/environment.mjs';
import { root, stateFolder } from '../engine/root.mjs';
import { DEFAULT_RULE, tellRule } from '../runtime/approvals.ts';
import { installBins } from '../runtime/bin-install.ts';
import { withSuperuser } from '../runtime/connect.ts';
import { writeConnection } from '../runtime/connection-file.ts';
import { createDatabase, dropDatabase, MAINTENANCE, PRISTINE } from '../runtime/databases.ts';
import { installExecutor, resetExecutor, startExecutor } from '../runtime/executor.ts';
import { type StatePaths, statePaths } from '../runtime/paths.ts';
import { SILENT } from '../runtime/reporter.ts';
import type { Lab } from './lab.ts';
import { type Ended, lastLines, run } from './process.ts';

/** A Pulumi program in a folder of its own, with the checkout's engine and compile cache, and a state of its own. */
export interface Project {
  readonly folder: string;
  readonly paths: StatePaths;
  readonly env: NodeJS.ProcessEnv;
  /** Runs plain pulumi on the stack; never rejects for what it answers. */
  readonly pulumi: (words: readonly string[]) => Promise<Ended>;
  /** As `pulumi`, for a run that has to succeed. */
  readonly pulumiOrThrow: (words: readonly string[]) => Promise<Ended>;
  /** Back to a stack that holds nothing. */
  readonly emptyStack: () => Promise<void>;
}

/** The real program on a database of its own. */
export interface Program extends Project {
  readonly database: string;
  /** Back to the starting state: stack, database, executor, and the bins that a step staged or replaced. */
  readonly reset: () => Promise<void>;
  readonly superuser: <T>(work: (client: Client) => Promise<T>) => Promise<T>;
}

const STACK = 'dryrun';
const LINKED = ['engine', 'node_modules', 'policy'];
const COPIED = ['package.json', 'payloads', 'planned-deltas.yaml', 'Pulumi.yaml', 'Pulumi.dryrun.yaml'];

/** The program of the checkout, on a runtime that was never used. */
export async function createProgram(lab: Lab, name: string): Promise<Program> {
  const database = `bench_${name.replaceAll('-', '_')}`;
  const folder = await makeFolder(lab, name, join(root, 'index.ts'));
  const paths = statePaths(join(folder, '.c1'));
  await symlink(lab.paths.secrets, paths.secrets);
  await installFor(lab, paths, database, lab.port);
  await writeConnection(paths, lab.port, database);
  const superuser = <T>(work: (client: Client) => Promise<T>) => withSuperuser(lab.paths, lab.port, database, work);
  const freshDatabase = () =>
    withSuperuser(lab.paths, lab.port, MAINTENANCE, async (client) => {
      await dropDatabase(client, database);
      await createDatabase(client, database, PRISTINE);
    }).then(() => superuser((client) => tellRule(client, DEFAULT_RULE)));
  await freshDatabase();
  await installExecutor({ paths, buildFolder: lab.paths.build, built: lab.built, port: lab.port, database });
  await startExecutor(paths, SILENT);
  const project = await createProject(folder, paths);
  const reset = async () => {
    await installFor(lab, paths, database, lab.port);
    await resetExecutor(paths);
    await freshDatabase();
    await startExecutor(paths, SILENT);
    await project.emptyStack();
  };
  return { ...project, database, superuser, reset };
}

/** A program that needs no runtime, e.g. one that is empty. */
export async function createBareProject(lab: Lab, name: string, program: string): Promise<Project> {
  const folder = await makeFolder(lab, name, join(import.meta.dirname, 'programs', program));
  return createProject(folder, statePaths(join(folder, '.c1')));
}

/** The same as anybody has it: the SDK starts as it comes, without the preload of this product's Pulumi.yaml. */
export async function createPlainProject(lab: Lab, name: string, program: string): Promise<Project> {
  const project = await createBareProject(lab, name, program);
  const file = join(project.folder, 'Pulumi.yaml');
  const text = await readFile(file, 'utf8');
  const plain = text.replace(/^ *nodeargs: --require .*\n/m, '');
  if (plain === text) throw new Error(`no preload to take out of ${file}`);
  await writeFile(file, plain);
  return project;
}

/** Puts the bins in place, and tells them the port on which to look for the database. */
export async function installFor(lab: Lab, paths: StatePaths, database: string, port: number): Promise<void> {
  const target = { paths, buildFolder: lab.paths.build, built: lab.built, port, database };
  await installBins({ ...target, knownGood: new Set(), exact: true });
}

async function makeFolder(lab: Lab, name: string, program: string): Promise<string> {
  const folder = join(lab.folder, 'projects', name);
  await mkdir(join(folder, '.c1'), { recursive: true });
  await symlink(join(stateFolder(), 'pulumi'), join(folder, '.c1', 'pulumi'));
  await symlink(program, join(folder, 'index.ts'));
  for (const file of LINKED.filter(isThere)) await symlink(join(root, file), join(folder, file));
  for (const file of COPIED) await cp(join(root, file), join(folder, file), { recursive: true });
  // The checkout's own stack may have been used; its salt belongs to its passphrase.
  const stackFile = join(folder, 'Pulumi.dryrun.yaml');
  await writeFile(stackFile, (await readFile(stackFile, 'utf8')).replace(/^encryptionsalt:.*\n/m, ''));
  return folder;
}

function isThere(file: string): boolean {
  return existsSync(join(root, file));
}

async function createProject(folder: string, paths: StatePaths): Promise<Project> {
  const env = environment(paths);
  const pulumi = (words: readonly string[]) =>
    run(join(paths.state, 'pulumi', 'bin', 'pulumi'), [...words, '--non-interactive', '--color=never'], {
      cwd: folder,
      env,
    });
  const pulumiOrThrow = async (words: readonly string[]) => {
    const ended = await pulumi(words);
    if (ended.exitCode === 0) return ended;
    throw new Error(`exit status ${ended.exitCode} of pulumi ${words.join(' ')}: ${lastLines(ended.all)}`);
  };
  await pulumiOrThrow(['stack', 'init', STACK]);
  const state = join(paths.state, 'pulumi-state');
  const empty = `${state}-empty`;
  await cp(state, empty, { recursive: true });
  const emptyStack = async () => {
    await rm(state, { recursive: true });
    await cp(empty, state, { recursive: true });
  };
  return { folder, paths, env, pulumi, pulumiOrThrow, emptyStack };
}

/** What `npx pulumi` gives plain pulumi, for this folder; what was set for the checkout's own stack is left out. */
function environment(paths: StatePaths): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(?:PULUMI_|PG[A-Z]|C1_)/.test(name));
  const base: NodeJS.ProcessEnv = Object.fromEntries(own);
  return {
    ...base,
    ...engineEnvironment({ base, stateDir: paths.state }),
    NODE_COMPILE_CACHE: join(stateFolder(), 'cache', 'node'),
  };
}
