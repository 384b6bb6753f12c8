import { chmod, copyFile, mkdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import type { Client } from 'pg';
import { sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { loginOf } from '../../domain/dots.ts';
import { rehearsalFailed } from '../../domain/rehearsal.ts';
import { writeSurroundings } from '../bin-surroundings.ts';
import { withSuperuser } from '../connect.ts';
import { createDatabase, MAINTENANCE, PRISTINE } from '../databases.ts';
import { clearSlot, type Host, type Slot, takeSlot } from './slots.ts';

/** A file of the release, and the name under which it runs. */
export interface ReleaseFile {
  readonly file: string;
  readonly sha256: string;
  readonly as: string;
}

export interface BinAnswer {
  readonly exitCode: number;
  readonly code: string;
  readonly message: string;
}

/** A governed runtime of its own: a copy of the pristine database, the bins that are tried, its own keys. */
export interface Disposable {
  readonly slot: Slot;
  /** Superuser, in the copy. */
  readonly client: Client;
  /** Runs one of its bins to its end. */
  readonly bin: (name: string, words: readonly string[], stdin?: string) => Promise<BinAnswer>;
}

export interface DisposableOptions {
  readonly files: readonly ReleaseFile[];
  /** First slot that is tried; those who run side by side begin apart. */
  readonly slot?: number;
}

const BIN_LIMIT_MS = 60_000;

/**
 * Runs `work` on a disposable runtime: its database is a copy of the sealed template, on the same server. It is gone
 * afterwards in every case; what a killed run leaves, the next one sweeps.
 *
 * @throws C1Error ERROR_RUNTIME_UNREACHABLE, ERROR_PAYLOAD_INVALID where the release is not what it says, and as `work`
 */
export function withDisposable<T>(
  host: Host,
  { files, slot: from = 0 }: DisposableOptions,
  work: (runtime: Disposable) => Promise<T>,
): Promise<T> {
  return withSuperuser(host.paths, host.port, MAINTENANCE, async (session) => {
    const slot = await takeSlot(session, host, from);
    try {
      await clearSlot(session, slot);
      await Promise.all([cloneTemplate(session, slot), makeFolder(host, slot, files)]);
      host.signal.throwIfAborted();
      return await withSuperuser(host.paths, host.port, slot.database, (client) =>
        work({ slot, client, bin: (name, words, stdin) => run(host, path.join(slot.paths.bin, name), words, stdin) }),
      );
    } finally {
      await clearSlot(session, slot);
    }
  });
}

async function cloneTemplate(session: Client, { database }: Slot): Promise<void> {
  await createDatabase(session, database, PRISTINE);
  // Nobody needs it after a crash.
  await session.query(`alter database ${database} set synchronous_commit = off`);
}

/** Node and compiled code are the host's; logins belong to the server, and so do their passwords; keys do not. */
async function makeFolder(host: Host, { paths, database }: Slot, files: readonly ReleaseFile[]): Promise<void> {
  await Promise.all([paths.bin, paths.reader, paths.secrets].map((folder) => mkdir(folder, { recursive: true })));
  // Before what may stop at the first file: nothing may still write when the folder is removed.
  await writeSurroundings({ paths, port: host.port, database }, host.paths.lib);
  await Promise.all([
    ...['DOT-310', 'DOT_C1_GRANT_ISSUE'].map((code) => linkSecret(host, paths.secrets, loginOf(code as 'DOT-310'))),
    ...files.map((file) => bring(host, paths.bin, file)),
  ]);
}

function linkSecret(host: Host, folder: string, login: string): Promise<void> {
  return symlink(path.join(host.paths.secrets, login), path.join(folder, login));
}

async function bring(host: Host, folder: string, { file, sha256, as }: ReleaseFile): Promise<void> {
  const [from, to] = [path.join(host.paths.release, file), path.join(folder, as)];
  const seen = sha256Hex(await readFile(from));
  if (seen !== sha256) {
    throw new C1Error('ERROR_PAYLOAD_INVALID', {
      seen: `${file} with SHA-256 ${seen}`,
      expected: `${sha256}, as release.json says`,
      next: 'npx c1 runtime start, which brings the release again',
    });
  }
  await copyFile(from, to);
  await chmod(to, 0o555);
}

async function run({ signal }: Host, file: string, words: readonly string[], stdin = ''): Promise<BinAnswer> {
  const options = { reject: false, input: stdin, timeout: BIN_LIMIT_MS, cancelSignal: signal } as const;
  const ended = await execa(file, [...words, '--json'], options);
  signal.throwIfAborted();
  try {
    const { code, message } = JSON.parse(ended.stdout) as BinAnswer;
    return { exitCode: ended.exitCode ?? -1, code, message };
  } catch (cause) {
    const seen = ended.stderr.split('\n')[0] ?? '';
    throw rehearsalFailed(path.basename(file), `no answer: ${seen}`, 'one JSON document', cause);
  }
}
