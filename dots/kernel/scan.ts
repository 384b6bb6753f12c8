import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { type Registered, SCAN_FOLDER, type ScannedFile } from '../../domain/registrar.ts';

const HEADER_BYTES = 4096;
const CODE_LINE = /^(?:\/\/|#) DOT-CODE: (\S+)$/gm;

/** The files of the DOT folder with the codes of their header lines. Symlinks are left out: they are no files of their own. */
export function scanDotFolder(folder: string): readonly ScannedFile[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.startsWith('dot-'))
    .map(({ name }) => ({ file: name, path: `${SCAN_FOLDER}/${name}`, codes: codesOf(join(folder, name)) }))
    .toSorted((left, right) => (left.file < right.file ? -1 : 1));
}

/**
 * What the registry knows of these files, in one set-based statement: its cost does not grow with what is not asked for.
 * A retired code counts as unknown, so that it can be registered again.
 */
export async function readRegistered(client: Client, files: readonly ScannedFile[]): Promise<Registered> {
  const sql = `select array(select t.file_path from public.dot_tools t where t.file_path = any ($1)) as paths,
    array(select t.code from public.dot_tools t where t.code = any ($2) and t.status <> 'retired') as codes`;
  const values = [files.map(({ path }) => path), files.flatMap(({ codes }) => codes)];
  const { rows } = await client.query<{ paths: string[]; codes: string[] }>(sql, values);
  return { paths: new Set(rows[0]?.paths), codes: new Set(rows[0]?.codes) };
}

function codesOf(file: string): readonly string[] {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const handle = openSync(file, 'r');
  try {
    const length = readSync(handle, bytes);
    return codesIn(bytes.subarray(0, length));
  } finally {
    closeSync(handle);
  }
}

/** The codes of a file's header lines. */
export function codesIn(bytes: Buffer): readonly string[] {
  return [...bytes.toString('utf8', 0, HEADER_BYTES).matchAll(CODE_LINE)].map(([, code]) => code ?? '');
}
