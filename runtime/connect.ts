import { Client, type ClientConfig } from 'pg';
import { C1Error } from '../domain/codes.ts';
import { databaseError } from '../dots/kernel/database-errors.ts';
import { SUPERUSER } from './cluster-init.ts';
import { errnoOf } from './files.ts';
import type { StatePaths } from './paths.ts';
import { readPassword } from './secrets.ts';
import { HOST } from './server-config.ts';

/** Which database of which server, as which login. */
export interface Target {
  readonly port: number;
  readonly database: string;
  readonly login: string;
}

const CONNECT_LIMIT_MS = 10_000;
/** SQLSTATE of a full disk. */
export const DISK_FULL = '53100';

/**
 * Opens a connection, runs `work`, closes it.
 *
 * @throws C1Error ERROR_RUNTIME_UNREACHABLE, ERROR_STATE_FOLDER (no password file, disk full), ERROR_DATABASE, or the
 * registered code that PostgreSQL raised
 */
export async function withClient<T>(
  paths: StatePaths,
  target: Target,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(await clientConfig(paths, target));
  // A lost connection fails the query that is under way; without a listener it would also end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (cause) {
    throw registeredError(paths, cause);
  } finally {
    await client.end();
  }
}

export function withSuperuser<T>(
  paths: StatePaths,
  port: number,
  database: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return withClient(paths, { port, database, login: SUPERUSER }, work);
}

export async function clientConfig(paths: StatePaths, { port, database, login }: Target): Promise<ClientConfig> {
  const password = await readPassword(paths, login);
  if (password !== null) {
    return { host: HOST, port, database, user: login, password, connectionTimeoutMillis: CONNECT_LIMIT_MS };
  }
  throw new C1Error('ERROR_STATE_FOLDER', {
    seen: `no password file ${paths.secrets}/${login}`,
    expected: 'the file that the first start made',
    next: 'npx c1 runtime start',
  });
}

function registeredError(paths: StatePaths, cause: unknown): unknown {
  if (errnoOf(cause) !== DISK_FULL) return databaseError(cause);
  const seen = cause instanceof Error ? cause.message : DISK_FULL;
  return new C1Error('ERROR_STATE_FOLDER', { seen, expected: `room to write in ${paths.data}` }, { cause });
}
