import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { execa } from 'execa';
import { C1Error } from '../domain/codes.ts';
import { errnoOf } from './files.ts';

interface OsUser {
  readonly uid: number;
  readonly gid: number;
}

/** How a server process is started: a command prefix, and who owns its files. Empty when we are not root. */
export interface ServerUser {
  readonly prefix: readonly string[];
  readonly owner: OsUser | null;
}

const NAME = 'postgres';

/** From no capability to the widest one that is tried: what the user needs to get through folders such as /root. */
const CAPABILITIES: readonly (readonly string[])[] = [[], ['dac_read_search'], ['dac_override']];

/**
 * PostgreSQL refuses to run as root. As root it runs as the OS user `postgres`, which is made where it is missing, with
 * the least capability that lets it reach `program` and `folder`; otherwise as the user that we are. A data directory that
 * somebody else made is served as that user.
 *
 * @throws C1Error ERROR_OS_USER where no such way is found.
 */
export async function serverUser(program: string, folder: string, data: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return { prefix: [], owner: null };
  const owner = (await ownerOf(data)) ?? (await lookUp()) ?? (await create());
  for (const capabilities of CAPABILITIES) {
    const prefix = setpriv(owner, capabilities);
    if (await reaches(prefix, program, folder)) return { prefix, owner };
  }
  throw new C1Error('ERROR_OS_USER', {
    seen: `that the OS user ${NAME} cannot reach ${folder} and ${program}`,
    expected: 'folders that this user can traverse, or setpriv with the capability dac_override',
    next: 'run as a normal user, or move the checkout out of folders of mode 0700',
  });
}

function setpriv({ uid, gid }: OsUser, capabilities: readonly string[]): readonly string[] {
  const granted = capabilities.map((name) => `+${name}`).join(',');
  // no_setuid_fixup: access(2), by which initdb looks for its programs, would ignore the capability without it.
  const flags =
    granted === '' ? [] : [`--inh-caps=${granted}`, `--ambient-caps=${granted}`, '--securebits=+no_setuid_fixup'];
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...flags, '--'];
}

async function reaches(prefix: readonly string[], program: string, folder: string): Promise<boolean> {
  const [file = '', ...args] = [...prefix, program, '--version'];
  const result = await execa(file, args, { cwd: '/', reject: false, env: { LC_ALL: 'C' } });
  if (result.failed) return false;
  const [test = '', ...rest] = [...prefix, 'test', '-r', folder, '-a', '-x', folder];
  return !(await execa(test, rest, { cwd: '/', reject: false })).failed;
}

async function ownerOf(data: string): Promise<OsUser | null> {
  try {
    const { uid, gid } = await stat(data);
    return uid === 0 ? null : { uid, gid };
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw cause;
  }
}

async function lookUp(): Promise<OsUser | null> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => execa('id', [flag, NAME], { reject: false })));
  if (uid?.failed !== false || gid?.failed !== false) return null;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** Two checkouts may do this at the same moment: whoever loses finds the user that the other made. */
async function create(): Promise<OsUser> {
  const made = await execa('useradd', ['--system', '--user-group', '--no-create-home', '--home-dir', '/', NAME], {
    reject: false,
  });
  const found = await lookUp();
  if (found !== null) return found;
  throw new C1Error('ERROR_OS_USER', {
    seen: `root without an OS user ${NAME}, and useradd failing: ${made.stderr ?? made.shortMessage}`,
    expected: `an OS user ${NAME}, because PostgreSQL refuses to run as root`,
    next: `make the user ${NAME}, or run as a normal user`,
  });
}

/** Whether this process may read and execute `file`. */
export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.R_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
