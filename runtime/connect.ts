import { Client, type ClientConfig } from 'pg';
import { C1Error } from '../domain/codes.ts';
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

/**
 * Opens a connection, runs `work`, closes it.
 *
 * @throws C1Error ERROR_RUNTIME_UNREACHABLE, ERROR_STATE_FOLDER (no password file), ERROR_DATABASE
 */
export async function withClient<T>(
  paths: StatePaths,
  target: Target,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(await clientConfig(paths, target));
  // A lost connection fails the query that is under way; without a listener it would also end the process.
  client.on('error', () => undefined);
  await client.connect().catch((cause: unknown) => {
    throw unreachable(target, cause);
  });
  try {
    return await work(client);
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

function unreachable(target: Target, cause: unknown): C1Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  const code = errnoOf(cause) === 'ECONNREFUSED' ? 'ERROR_RUNTIME_UNREACHABLE' : 'ERROR_DATABASE';
  const seen = `${why === '' ? 'no answer' : why} on ${HOST}:${target.port}/${target.database}`;
  return new C1Error(code, { seen, expected: `a session of ${target.login}` }, { cause });
}
