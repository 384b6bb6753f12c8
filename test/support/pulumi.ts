import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { ensureEngine } from '../../engine/ensure.mjs';
import { engineEnvironment } from '../../engine/environment.mjs';
import { root, stateFolder } from '../../engine/root.mjs';

/** A project of its own in a temporary folder, with a state folder of its own and the checkout's engine. */
export interface Workspace {
  readonly folder: string;
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs the CLI; never rejects, the exit code tells. */
  readonly pulumi: (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Ended>;
  /** Starts the CLI and returns at once. */
  readonly start: (args: readonly string[]) => Started;
  readonly write: (file: string, text: string) => Promise<void>;
  readonly read: (file: string) => Promise<string>;
  /** The resources in the state, with their secrets still encrypted. */
  readonly resources: () => Promise<readonly Resource[]>;
  readonly remove: () => Promise<void>;
}

export interface Started {
  readonly pid: number;
  /** What it has printed so far. */
  readonly output: () => string;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams, for a message that may come by either. */
  readonly all: string;
}

export interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

const PROJECT = 'trial';

/** As in the checkout's own Pulumi.yaml: no compiler, and a quick start of the SDK. */
export const quickRuntime = `{ typescript: false, nodeargs: "--require '${join(root, 'engine/quick-sdk.cjs')}'" }`;

/** Makes a workspace with the given program as `index.ts` and the stack `dev`. */
export async function workspace(program: string, options: { readonly runtime?: string } = {}): Promise<Workspace> {
  await ensureEngine();
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'c1 engine-')));
  const stateDir = join(folder, 'state');
  await mkdir(stateDir);
  await symlink(join(stateFolder(), 'pulumi'), join(stateDir, 'pulumi'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const made = describe(folder, stateDir);
  await made.write('package.json', JSON.stringify({ name: PROJECT, type: 'module', private: true }));
  await made.write('Pulumi.yaml', projectFile(options.runtime ?? quickRuntime));
  await made.write('index.ts', program);
  const init = await made.pulumi(['stack', 'init', 'dev']);
  if (init.exitCode !== 0) throw new Error(`pulumi stack init: ${init.all}`);
  return made;
}

const projectFile = (runtimeOptions: string): string =>
  `name: ${PROJECT}\nmain: index.ts\nruntime:\n  name: nodejs\n  options: ${runtimeOptions}\n`;

function describe(folder: string, stateDir: string): Workspace {
  const env = { ...process.env, ...ownEnvironment(stateDir) };
  const start = (args: readonly string[], extra: NodeJS.ProcessEnv = {}): Started => {
    const child = execa(join(stateDir, 'pulumi', 'bin', 'pulumi'), [...args, '--non-interactive', '--color=never'], {
      cwd: folder,
      env: { ...env, ...extra },
      extendEnv: false,
      reject: false,
      all: true,
      stdin: 'ignore',
    });
    const ended = child.then(({ exitCode, stdout, stderr, all }) => ({
      exitCode: exitCode ?? -1,
      stdout,
      stderr,
      all,
    }));
    let output = '';
    child.all.on('data', (chunk) => {
      output += chunk;
    });
    return { pid: child.pid ?? -1, output: () => output, ended };
  };
  const pulumi = (args: readonly string[], extra?: NodeJS.ProcessEnv) => start(args, extra).ended;
  return {
    folder,
    stateDir,
    env,
    pulumi,
    start,
    write: async (file, text) => {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
    },
    read: async (file) => (existsSync(join(folder, file)) ? readFile(join(folder, file), 'utf8') : ''),
    resources: async () => {
      const { stdout } = await pulumi(['stack', 'export']);
      return (JSON.parse(stdout) as { deployment: { resources?: Resource[] } }).deployment.resources ?? [];
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** As the launcher's, but with the checkout's compile cache, which is warm. */
function ownEnvironment(stateDir: string): NodeJS.ProcessEnv {
  const { PULUMI_CONFIG_PASSPHRASE: _, PULUMI_BACKEND_URL: __, ...base } = process.env;
  return {
    ...engineEnvironment({ base, stateDir }),
    NODE_COMPILE_CACHE: join(stateFolder(), 'cache', 'node'),
  };
}
