import type { Client } from 'pg';
import { C1Error } from '../domain/codes.ts';
import { SUPERUSER } from './cluster-init.ts';
import { withClient } from './connect.ts';
import { connectionOf, DEFAULT_READER } from './connection-file.ts';
import { statePaths } from './paths.ts';
import { LOGINS } from './roles.ts';
import { readPassword } from './secrets.ts';
import { HOST } from './server-config.ts';

const FETCH_LINES = 2_000;

/** Roles that a person may connect as. */
export const URL_ROLES: readonly string[] = [...LOGINS.map(({ name }) => name), SUPERUSER].toSorted();

/**
 * Connection URL for one's own psql, **with the password**: the one place that prints one, when a person asks for it.
 *
 * @throws C1Error ERROR_USAGE for an unknown role, ERROR_RUNTIME_UNREACHABLE
 */
export async function connectionUrl(stateDir: string, role: string): Promise<string> {
  if (!URL_ROLES.includes(role)) {
    throw new C1Error('ERROR_USAGE', { seen: `role ${role}`, expected: `one of ${URL_ROLES.join(', ')}` });
  }
  const { port, database } = await connectionOf(stateDir);
  const password = await readPassword(statePaths(stateDir), role);
  if (password === null) {
    throw new C1Error('ERROR_RUNTIME_UNREACHABLE', {
      seen: `no password of ${role}`,
      expected: 'one that a start made',
    });
  }
  return `postgresql://${role}:${password}@${HOST}:${port}/${database}`;
}

/** Every live governed row as one line of sorted JSON, in batches, from one read-only transaction. */
export async function eachSnapshotBatch(
  stateDir: string,
  take: (lines: readonly string[]) => Promise<void>,
): Promise<void> {
  const { port, database } = await connectionOf(stateDir);
  await withClient(statePaths(stateDir), { port, database, login: DEFAULT_READER }, async (client) => {
    await client.query('begin read only');
    await client.query('declare snapshot no scroll cursor for select line from iu_core.live_snapshot() as line');
    for (let lines = await fetchLines(client); lines.length > 0; lines = await fetchLines(client)) await take(lines);
    await client.query('commit');
  });
}

async function fetchLines(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ line: string }>(`fetch forward ${FETCH_LINES} from snapshot`);
  return rows.map(({ line }) => line);
}
