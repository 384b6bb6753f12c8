import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { written } from '../../../runtime/rehearsal/written.ts';
import { type BinResult, createTestRuntime, type TestRuntime } from '../../support/runtime.ts';
import { type PostgresProxy, startProxy } from './proxy.ts';
import { stageC1 } from './staged.ts';

/** A runtime whose bins reach PostgreSQL through a proxy, with what tests of bins ask again and again. */
export interface Trial {
  readonly runtime: TestRuntime;
  readonly proxy: PostgresProxy;
  /** Everything that a run can change, as one text: equal texts mean that nothing was written. */
  readonly fingerprint: (options?: { readonly intents: boolean }) => Promise<string>;
  /** One column of one row, read as superuser. */
  readonly value: <T>(sql: string, values?: readonly unknown[]) => Promise<T>;
  /** Runs statements as superuser with the guards of some tables off, as a hostile administrator can. */
  readonly tamper: (tables: readonly string[], ...statements: readonly string[]) => Promise<void>;
  /** Starts a bin and does not wait for it. */
  readonly start: (name: string, args: readonly string[], stdin?: string | Buffer) => Started;
  /** Runs `work` while the bins' configuration says something else. */
  readonly withConfig: <T>(changes: Readonly<Record<string, unknown>>, work: () => Promise<T>) => Promise<T>;
  readonly dispose: () => Promise<void>;
}

export interface Started {
  readonly pid: number;
  readonly ended: Promise<BinResult & { readonly signal: string | undefined }>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** A secret of the engine that no bin may see. */
export const CANARY = 'canary-of-the-engine';

/** @param staged false for a runtime whose registrar and C1 files are still as they were before W1 */
export async function createTrial({ staged = true } = {}): Promise<Trial> {
  const runtime = await createTestRuntime();
  if (staged) await stageC1(runtime);
  const proxy = await startProxy(runtime.port);
  const value = async <T>(sql: string, values: readonly unknown[] = []): Promise<T> => {
    const pool = await runtime.pool('postgres');
    const { rows } = await pool.query<{ v: T }>({ text: sql, values: [...values] });
    const [row] = rows;
    if (row === undefined) throw new Error(`no row from ${sql}`);
    return row.v;
  };
  await writeFile(runtime.paths.config, configWith(runtime, { port: proxy.port }));
  return {
    runtime,
    proxy,
    value,
    fingerprint: ({ intents } = { intents: true }) => value<string>(written(intents)),
    tamper: (tables, ...statements) => tamper(runtime, tables, statements),
    start: (name, args, stdin = '') => start(runtime, name, args, stdin),
    withConfig: (changes, work) => withConfig(runtime, changes, work),
    dispose: async () => {
      await proxy.close();
      await runtime.dispose();
    },
  };
}

function start(runtime: TestRuntime, name: string, args: readonly string[], input: string | Buffer): Started {
  const env = { PULUMI_CONFIG_PASSPHRASE: CANARY, PGPASSWORD: CANARY };
  const child = execa(path.join(runtime.paths.bin, name), args, { reject: false, input, env });
  // A bin that is killed before it read its input breaks the pipe.
  child.stdin?.on('error', () => undefined);
  const ended = child.then(({ exitCode, stdout, stderr, signal }) => ({
    exitCode: exitCode ?? -1,
    stdout: String(stdout),
    stderr: String(stderr),
    signal,
  }));
  return { pid: child.pid ?? -1, ended, kill: (signal) => void child.kill(signal) };
}

async function tamper(runtime: TestRuntime, tables: readonly string[], statements: readonly string[]): Promise<void> {
  const pool = await runtime.pool('postgres');
  const client = await pool.connect();
  try {
    await client.query('begin; set local event_triggers = off');
    for (const table of tables) await client.query(`alter table ${table} disable trigger user`);
    for (const statement of statements) await client.query(statement);
    for (const table of tables) await client.query(GUARDS_ON.replaceAll('$table', table));
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback');
    throw cause;
  } finally {
    client.release();
  }
}

const GUARDS_ON = `do $do$ declare t record; begin
  for t in select tgname from pg_trigger where tgrelid = '$table'::regclass and not tgisinternal loop
    execute format('alter table $table enable always trigger %I', t.tgname);
  end loop; end $do$`;

async function withConfig<T>(
  runtime: TestRuntime,
  changes: Readonly<Record<string, unknown>>,
  work: () => Promise<T>,
): Promise<T> {
  const kept = readFileSync(runtime.paths.config, 'utf8');
  await writeFile(runtime.paths.config, configWith(runtime, changes));
  try {
    return await work();
  } finally {
    await writeFile(runtime.paths.config, kept);
  }
}

function configWith(runtime: TestRuntime, changes: Readonly<Record<string, unknown>>): string {
  const config = JSON.parse(readFileSync(runtime.paths.config, 'utf8')) as Readonly<Record<string, unknown>>;
  return JSON.stringify({ ...config, ...changes });
}
