import { chown, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ServerUser } from './os-user.ts';

export interface ServerOptions {
  readonly port: number;
  /** Off only in tests, where a crash of the machine may cost the data. */
  readonly fsync: boolean;
  /** Off where a proof counts transactions (architecture.md, decision 5). */
  readonly autovacuum: boolean;
}

export const HOST = '127.0.0.1';

/** Both files are ours alone and are written anew at each start, so that an older version's settings never linger. */
export async function writeServerConfig(data: string, user: ServerUser, options: ServerOptions): Promise<void> {
  await writeOwned(path.join(data, 'postgresql.conf'), postgresqlConf(options), user);
  await writeOwned(path.join(data, 'pg_hba.conf'), `host all all ${HOST}/32 scram-sha-256\n`, user);
}

/** Writes a file of mode 0600 that belongs to the user that the server runs as. */
export async function writeOwned(file: string, content: string, { owner }: ServerUser): Promise<void> {
  await writeFile(file, content, { mode: 0o600 });
  if (owner !== null) await chown(file, owner.uid, owner.gid);
}

function postgresqlConf(options: ServerOptions): string {
  const lines: readonly string[] = [
    "cluster_name = 'c1 LOCAL_STAGING_NOT_SSOT'",
    `listen_addresses = '${HOST}'`,
    `port = ${options.port}`,
    "unix_socket_directories = ''",
    'max_connections = 120',
    'password_encryption = scram-sha-256',
    `fsync = ${onOff(options.fsync)}`,
    `synchronous_commit = ${onOff(options.fsync)}`,
    `full_page_writes = ${onOff(options.fsync)}`,
    `autovacuum = ${onOff(options.autovacuum)}`,
    'shared_buffers = 64MB',
    "lc_messages = 'C'",
    "timezone = 'UTC'",
    "log_timezone = 'UTC'",
    "log_line_prefix = '%m [%p] %q%u@%d '",
    'logging_collector = off',
  ];
  return `# Written by c1 runtime start; changes are lost at the next start.\n${lines.join('\n')}\n`;
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off';
}
