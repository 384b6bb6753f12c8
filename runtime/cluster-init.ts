import { chown, mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { C1Error } from '../domain/codes.ts';
import { errnoOf } from './files.ts';
import type { ServerUser } from './os-user.ts';
import type { StatePaths } from './paths.ts';
import { type Reporter, withProgress } from './reporter.ts';
import { ensurePassword } from './secrets.ts';
import { writeOwned } from './server-config.ts';

export const SUPERUSER = 'postgres';

/**
 * Makes the data directory once. It is built beside its place and renamed, so that a killed start leaves none or all.
 *
 * @param asUser whom the server runs as; asked for after the folder exists, which it must be able to reach.
 */
export async function ensureInitialised(
  paths: StatePaths,
  report: Reporter,
  initdb: string,
  asUser: () => Promise<ServerUser>,
): Promise<ServerUser> {
  await mkdir(paths.postgres, { recursive: true });
  const user = await asUser();
  if (await exists(path.join(paths.data, 'PG_VERSION'))) return user;
  if (user.owner !== null) await chown(paths.postgres, user.owner.uid, user.owner.gid);
  await withProgress(report, 'PostgreSQL to make its data directory', () => initialise(paths, initdb, user));
  report.did(`made the data directory ${paths.data}`);
  return user;
}

async function initialise(paths: StatePaths, initdb: string, user: ServerUser): Promise<void> {
  const draft = path.join(paths.postgres, 'data.new');
  const passwordFile = path.join(paths.postgres, 'initdb.pw');
  await rm(draft, { recursive: true, force: true });
  await writeOwned(passwordFile, await ensurePassword(paths, SUPERUSER), user);
  try {
    await runInitdb([...user.prefix, initdb, ...initdbFlags(draft, passwordFile)], paths);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(draft, paths.data);
}

/** The built-in C.UTF-8 sorts by code point on every machine, whatever locales it has. */
function initdbFlags(data: string, passwordFile: string): readonly string[] {
  return [
    `--pgdata=${data}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ];
}

async function runInitdb([file = '', ...args]: readonly string[], paths: StatePaths): Promise<void> {
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
  const result = await execa(file, args, { cwd: '/', env, extendEnv: false, reject: false, stdin: 'ignore' });
  if (!result.failed) return;
  const seen =
    result.stderr
      .trim()
      .split('\n')
      .find((line) => /error|fatal/i.test(line)) ?? 'initdb failing';
  const code = /No space left|quota|Read-only|Permission denied/i.test(result.stderr)
    ? 'ERROR_STATE_FOLDER'
    : 'ERROR_DATABASE';
  throw new C1Error(code, { seen, expected: `a data directory at ${paths.data}` });
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return false;
    throw cause;
  }
}
