import { cp, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { inject } from 'vitest';
import type { StepId } from '../../domain/steps/step.ts';
import { ensureEngine } from '../../engine/ensure.mjs';
import { engineEnvironment } from '../../engine/environment.mjs';
import { root, stateFolder } from '../../engine/root.mjs';
import { type ApprovalRule, tellRule } from '../../runtime/approvals.ts';
import { withSuperuser } from '../../runtime/connect.ts';
import { installExecutor, startExecutor, stopExecutor } from '../../runtime/executor.ts';
import { SILENT } from '../../runtime/reporter.ts';
import { upWithOwners } from './owners.ts';
import { createTestRuntime, type TestRuntime } from './runtime.ts';
import type { TestServer } from './test-server.ts';

/** The real program on a runtime of its own: code linked to the checkout, files that a test may change copied. */
export interface TestProject {
  readonly folder: string;
  readonly runtime: TestRuntime;
  readonly env: NodeJS.ProcessEnv;
  /** Runs the CLI on stack `dryrun`; never rejects. */
  readonly pulumi: (...args: readonly string[]) => Promise<Ended>;
  /** The same with other environment variables. */
  readonly pulumiWith: (extra: Readonly<Record<string, string>>, ...args: readonly string[]) => Promise<Ended>;
  /** `up` to its end: where it stops for the owners, both stand-ins approve, and it goes on. */
  readonly apply: () => Promise<Ended>;
  /** The stack goes through that step and no further. */
  readonly through: (step: StepId) => Promise<void>;
  /** Changes a copied file, e.g. `Pulumi.dryrun.yaml`. */
  readonly edit: (file: string, change: (text: string) => string) => Promise<void>;
  /** Live governed rows, one JSON line each, without what only the runtime can make. */
  readonly snapshot: () => Promise<readonly string[]>;
  readonly query: <T>(sql: string, values?: readonly unknown[]) => Promise<readonly T[]>;
  /** What only a superuser can do, and what must be seen afterwards: runs a statement with a table's triggers off. */
  readonly behindTheGuards: (table: string, statement: string) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export interface Ended {
  readonly exitCode: number;
  readonly all: string;
}

const LINKED = ['domain', 'engine', 'index.ts', 'node_modules'];
/** The policy pack reads the planned deltas that stand beside it. */
const COPIED = ['package.json', 'payloads', 'planned-deltas.yaml', 'policy', 'Pulumi.yaml', 'Pulumi.dryrun.yaml'];

/**
 * @param server a server of its own for what is true of a whole server, e.g. that nobody wrote anything
 * @param rule what owners have to approve; nothing where absent
 */
export async function createTestProject(server?: TestServer, rule?: ApprovalRule): Promise<TestProject> {
  await ensureEngine();
  const { buildFolder, built } = server ?? inject('testServer');
  const runtime = await createTestRuntime(server);
  const { paths, port, database } = runtime;
  if (rule !== undefined) await withSuperuser(paths, port, database, (client) => tellRule(client, rule));
  await installExecutor({ paths, buildFolder, built, port, database });
  await startExecutor(paths, SILENT);
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'c1 program-')));
  await symlink(runtime.stateDir, join(folder, '.c1'));
  await symlink(join(stateFolder(), 'pulumi'), join(runtime.stateDir, 'pulumi'));
  for (const name of LINKED) await symlink(join(root, name), join(folder, name));
  for (const name of COPIED) await cp(join(root, name), join(folder, name), { recursive: true });
  const project = describe(folder, runtime);
  // The checkout's own stack may have been used; its salt belongs to its passphrase.
  await project.edit('Pulumi.dryrun.yaml', (text) =>
    text.replace(/^encryptionsalt:.*\n/m, '').replace(/c1:approvals: .*/, `c1:approvals: ${rule?.approvals ?? 'none'}`),
  );
  const init = await project.pulumi('stack', 'init', 'dryrun');
  if (init.exitCode !== 0) throw new Error(`pulumi stack init: ${init.all}`);
  return project;
}

function describe(folder: string, runtime: TestRuntime): TestProject {
  const { PULUMI_CONFIG_PASSPHRASE: _, PULUMI_BACKEND_URL: __, ...base } = process.env;
  const env = {
    ...base,
    ...engineEnvironment({ base, stateDir: join(folder, '.c1') }),
    NODE_COMPILE_CACHE: join(stateFolder(), 'cache', 'node'),
  };
  const query = async <T>(sql: string, values: readonly unknown[] = []): Promise<readonly T[]> => {
    const pool = await runtime.pool('postgres');
    return (await pool.query(sql, [...values])).rows as readonly T[];
  };
  const pulumi = (...args: readonly string[]) => run(folder, env, args);
  const edit: TestProject['edit'] = async (file, change) => {
    const path = join(folder, file);
    await writeFile(path, change(await readFile(path, 'utf8')));
  };
  return {
    folder,
    runtime,
    env,
    query,
    pulumi,
    apply: () =>
      upWithOwners(
        runtime.stateDir,
        () => pulumi('up', '--yes', '--skip-preview'),
        ({ all }) => all,
      ),
    pulumiWith: (extra, ...args) => run(folder, { ...env, ...extra }, args),
    edit,
    through: (step) =>
      edit('Pulumi.dryrun.yaml', (text) => text.replace('config:\n', `config:\n  c1:through: ${step}\n`)),
    snapshot: async () =>
      (await query<{ line: string }>('select line from iu_core.live_snapshot() line')).map(({ line }) => line),
    behindTheGuards: (table, statement) => behindTheGuards(runtime, table, statement),
    dispose: async () => {
      await stopExecutor(runtime.paths);
      await runtime.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The triggers are put back exactly as they were, so that nothing but the row gives the change away. */
async function behindTheGuards(runtime: TestRuntime, table: string, statement: string): Promise<void> {
  const client = await (await runtime.pool('postgres')).connect();
  try {
    await client.query('begin');
    await client.query('set local event_triggers = off');
    await client.query(`alter table ${table} disable trigger user`);
    await client.query(statement);
    await client.query(`alter table ${table} enable trigger user`);
    const sql = 'select tgname from pg_trigger where tgrelid = $1::regclass and not tgisinternal';
    const { rows } = await client.query<{ tgname: string }>(sql, [table]);
    for (const { tgname } of rows) await client.query(`alter table ${table} enable always trigger ${tgname}`);
    await client.query('commit');
  } finally {
    client.release();
  }
}

async function run(folder: string, env: NodeJS.ProcessEnv, args: readonly string[]): Promise<Ended> {
  const bin = join(folder, '.c1', 'pulumi', 'bin', 'pulumi');
  const options = ['--non-interactive', '--color=never', ...(args[0] === 'stack' ? [] : ['--stack', 'dryrun'])];
  const ended = await execa(bin, [...args, ...options], {
    cwd: folder,
    env,
    extendEnv: false,
    reject: false,
    all: true,
  });
  return { exitCode: ended.exitCode ?? -1, all: ended.all };
}
