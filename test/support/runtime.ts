import { randomBytes } from 'node:crypto';
import { mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { Pool } from 'pg';
import { inject } from 'vitest';
import { READER } from '../../runtime/bin-build.ts';
import { installBins } from '../../runtime/bin-install.ts';
import { clientConfig, withSuperuser } from '../../runtime/connect.ts';
import { writeConnection } from '../../runtime/connection-file.ts';
import { createDatabase, dropDatabase, MAINTENANCE, PRISTINE } from '../../runtime/databases.ts';
import { type StatePaths, statePaths } from '../../runtime/paths.ts';
import type { TestServer } from './test-server.ts';

export interface BinResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface BinInput {
  /** JSON or text for standard input; nothing without it. */
  readonly stdin?: unknown;
  readonly env?: Readonly<Record<string, string>>;
}

/** A governed runtime of its own: its database, its bins, its state folder; only the server is shared. */
export interface TestRuntime {
  readonly stateDir: string;
  readonly paths: StatePaths;
  readonly port: number;
  readonly database: string;
  /** Connections of a login (`auditor_ro`, `dot_species_register`, `postgres` …), closed by dispose(). */
  readonly pool: (login: string) => Promise<Pool>;
  /** Runs an installed bin to its end. */
  readonly bin: (name: string, args?: readonly string[], input?: BinInput) => Promise<BinResult>;
  /** Runs the read-only reader to its end. */
  readonly reader: (args?: readonly string[], input?: BinInput) => Promise<BinResult>;
  /** What a child process needs so that `c1` and the program work on this runtime. */
  readonly env: Readonly<Record<string, string>>;
  readonly dispose: () => Promise<void>;
}

const POOL_SIZE = 5;

/** Clones the sealed template into a runtime of its own, on the run's one server or a given one. Call `dispose` after it. */
export async function createTestRuntime(server: TestServer = inject('testServer')): Promise<TestRuntime> {
  const shared = statePaths(server.stateDir);
  const database = `t_${randomBytes(6).toString('hex')}`;
  const paths = statePaths(path.join(server.stateDir, 'runtimes', database));
  const { port } = server;
  await Promise.all([
    withSuperuser(shared, port, MAINTENANCE, (client) => createDatabase(client, database, PRISTINE)),
    installBins({ ...server, paths, database, knownGood: new Set(), exact: false }),
    shareSecrets(shared, paths),
    writeConnection(paths, port, database),
  ]);
  const pools = new Map<string, Pool>();
  return {
    stateDir: paths.state,
    paths,
    port,
    database,
    pool: (login) => poolOf(pools, paths, { port, database, login }),
    bin: (name, args, input) => run(path.join(paths.bin, name), args, input),
    reader: (args, input) => run(path.join(paths.reader, READER), args, input),
    env: { C1_STATE_DIR: paths.state },
    dispose: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
      await withSuperuser(shared, port, MAINTENANCE, (client) => dropDatabase(client, database));
      await rm(paths.state, { recursive: true, force: true });
    },
  };
}

/** Logins belong to the server, and so do their passwords. */
async function shareSecrets(shared: StatePaths, paths: StatePaths): Promise<void> {
  await mkdir(paths.state, { recursive: true });
  await symlink(shared.secrets, paths.secrets);
}

async function poolOf(
  pools: Map<string, Pool>,
  paths: StatePaths,
  target: { readonly port: number; readonly database: string; readonly login: string },
): Promise<Pool> {
  const there = pools.get(target.login);
  if (there !== undefined) return there;
  const pool = new Pool({ ...(await clientConfig(paths, target)), max: POOL_SIZE });
  // A test may kill the server under an idle connection.
  pool.on('error', () => undefined);
  pools.set(target.login, pool);
  return pool;
}

async function run(file: string, args: readonly string[] = [], input: BinInput = {}): Promise<BinResult> {
  const stdin =
    input.stdin === undefined ? '' : typeof input.stdin === 'string' ? input.stdin : JSON.stringify(input.stdin);
  const { env = {} } = input;
  const result = await execa(file, args, { reject: false, input: stdin, env });
  return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
}
