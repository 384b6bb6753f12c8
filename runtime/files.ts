import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { C1Error } from '../domain/codes.ts';

const FOLDER_ERRNOS: ReadonlySet<string> = new Set([
  'EACCES',
  'EDQUOT',
  'EEXIST',
  'EFBIG',
  'EIO',
  'EMFILE',
  'ENAMETOOLONG',
  'ENOSPC',
  'ENOTDIR',
  'EPERM',
  'EROFS',
]);

/** Runs file work of a runtime; a folder that is full, locked or no folder becomes ERROR_STATE_FOLDER. */
export async function inStateFolder<T>(stateDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw FOLDER_ERRNOS.has(errnoOf(cause) ?? '') ? stateFolderError(stateDir, cause) : cause;
  }
}

export function stateFolderError(stateDir: string, cause: unknown): C1Error {
  const seen = cause instanceof Error ? cause.message : String(cause);
  const expected = `a folder at ${stateDir} that can be written`;
  return new C1Error('ERROR_STATE_FOLDER', { seen, expected }, { cause });
}

/** Temporary file, then rename: a reader sees the old content or the new one, never a half. */
export async function writeAtomic(file: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}`);
  try {
    await writeFile(draft, content, { mode, flag: 'wx' });
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true });
    throw cause;
  }
}

/** Content of a text file, or null where there is none. Any other failure is thrown, never taken for absence. */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw cause;
  }
}

export function errnoOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

/** Leaves a file alone that is right already. */
export async function writeIfOther(file: string, content: string, mode?: number): Promise<void> {
  if ((await readIfThere(file)) !== content) await writeAtomic(file, content, mode);
}
