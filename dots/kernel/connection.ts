import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Client } from 'pg';
import * as z from 'zod/mini';
import { $ZodError } from 'zod/v4/core';
import { C1Error } from '../../domain/codes.ts';
import '../../domain/english.ts';
import { databaseError } from './database-errors.ts';

/** Begins a transaction that only reads, of one snapshot. */
export const BEGIN_READ = 'begin isolation level repeatable read read only';

/** What a bin needs to find the runtime: a file beside the bins, never the environment (runtime.md, "Every bin"). */
const runtimeConfig = z.object({
  label: z.array(z.string()),
  host: z.string(),
  port: z.int(),
  database: z.string(),
  secrets: z.string(),
  /** The principal of the allowed signers who proposes, and whose key lies among the secrets. */
  operator: z._default(z.string(), 'operator_1'),
  /**
   * Where this runtime maps the host name of the executor's endpoint to: null while it has no executor, absent where the
   * name is known to the network.
   */
  executor: z.optional(z.nullable(z.strictObject({ host: z.string(), port: z.int() }))),
  /** Time limits in milliseconds, for a host that is slower than most. */
  limits: z.prefault(
    z.strictObject({
      connect: limit(5_000),
      lock: limit(10_000),
      statement: limit(30_000),
      answer: limit(40_000),
      executor: limit(30_000),
    }),
    {},
  ),
});
export type RuntimeConfig = z.infer<typeof runtimeConfig> & { readonly secretsDir: string };

/** @throws C1Error ERROR_RUNTIME_UNREACHABLE when the file is missing or not a runtime configuration */
export function readRuntimeConfig(file: string): RuntimeConfig {
  try {
    const config = runtimeConfig.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { ...config, secretsDir: resolve(dirname(file), config.secrets) };
  } catch (cause) {
    const seen = `no usable config/runtime.json beside the bins (${reasonOf(cause)})`;
    throw new C1Error('ERROR_RUNTIME_UNREACHABLE', { seen, expected: 'the one that the last start wrote' }, { cause });
  }
}

/**
 * Runs `work` on a connection of `login` and closes it whatever happens. The password comes from a file of mode 0600.
 *
 * @throws C1Error ERROR_RUNTIME_UNREACHABLE, ERROR_DATABASE, or the registered code that PostgreSQL raised
 */
export async function withConnection<T>(
  config: RuntimeConfig,
  login: string,
  program: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    host: config.host,
    port: config.port,
    database: config.database,
    user: login,
    password: readPassword(config, login),
    application_name: program,
    // A bin asks each thing a few times in a short life: a plan for all of them costs less than one for each.
    options: '-c plan_cache_mode=force_generic_plan',
    connectionTimeoutMillis: config.limits.connect,
    statement_timeout: config.limits.statement,
    lock_timeout: config.limits.lock,
    // The server's own limits do not reach us when the network is gone.
    query_timeout: config.limits.answer,
  });
  // A server that goes away between two statements reports here; the statement under way fails as well.
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } catch (cause) {
    throw databaseError(cause);
  } finally {
    await client.end().catch(() => {});
  }
}

function readPassword(config: RuntimeConfig, login: string): string {
  try {
    return readFileSync(join(config.secretsDir, login), 'utf8').trim();
  } catch (cause) {
    throw new C1Error(
      'ERROR_RUNTIME_UNREACHABLE',
      { seen: `no password file for ${login}`, expected: 'one that npx c1 runtime start made' },
      { cause },
    );
  }
}

function limit(milliseconds: number) {
  return z._default(z.int().check(z.minimum(1), z.maximum(3_600_000)), milliseconds);
}

/** The name of the fault, not its text: that would quote a path of this machine. */
function reasonOf(cause: unknown): string {
  if (cause instanceof $ZodError)
    return cause.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return cause instanceof SyntaxError ? 'not JSON' : String(cause);
}
