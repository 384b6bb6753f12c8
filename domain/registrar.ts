import { C1Error } from './codes.ts';
import type { RowRef } from './deltas.ts';
import { C1_DOT_CODES, dotOf } from './dots.ts';

/** A file in the folder of runnable DOTs, as a scan of the disk yields it. Symlinks are no files of their own. */
export interface ScannedFile {
  readonly file: string;
  /** Absolute path on the host, `/opt/incomex/dot/bin/<file>`. */
  readonly path: string;
  /** DOT codes of its header lines; exactly one in a sound file. */
  readonly codes: readonly string[];
}

/** What the registry has of the scanned files: the absolute paths and the codes that it knows. */
export interface Registered {
  readonly paths: ReadonlySet<string>;
  readonly codes: ReadonlySet<string>;
}

export const SCAN_FOLDER = '/opt/incomex/dot/bin';
/** The registrar's new version, and the name that its patch is called by. */
export const HARDENED_VERSION = '1.1.0-c1-hardened';
export const HARDENED_NAME = 'dot-dot-register-c1-hardened';
export const C1_PREFIX = 'dot-c1-';
/** C1 brings eight DOTs; nothing may ever ask for more. */
export const MOST_NEW = 8;

/** v1.0.0, with its defect: a file is new when its absolute path is not in the registry, whatever prefix its row has. */
export function newByPath(files: readonly ScannedFile[], registered: Registered): readonly ScannedFile[] {
  return files.filter(({ path }) => !registered.paths.has(path));
}

/** v1.1.0-c1-hardened: a file is new when its DOT code is not in the registry, or retired there. */
export function newByCode(files: readonly ScannedFile[], registered: Registered): readonly ScannedFile[] {
  return files.filter((file) => !registered.codes.has(codeOf(file)));
}

/**
 * Stops unless the files that would be registered are C1's own, each with its own code, and no more than allowed.
 *
 * @throws C1Error C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED
 */
export function assertCandidates(candidates: readonly ScannedFile[], maxNew: number): void {
  const foreign = candidates.find((file) => !isC1(file));
  if (foreign !== undefined) {
    throw defect(
      `${foreign.file} (${foreign.codes.join(', ')}) among the new files`,
      `${C1_PREFIX}* with its own code`,
    );
  }
  if (candidates.length > maxNew) {
    throw defect(`${candidates.length} new files`, `at most ${maxNew} (--max-new)`);
  }
}

/** @throws C1Error C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED when a file names no DOT, or more than one */
export function codeOf({ file, codes }: ScannedFile): string {
  const [code] = codes;
  if (code !== undefined && codes.length === 1) return code;
  throw defect(
    `${file} with ${codes.length === 0 ? 'no DOT-CODE line' : `the codes ${codes.join(', ')}`}`,
    'exactly one DOT-CODE line',
  );
}

/** `DOT_C1_VOCAB_BUILD` and `dot-c1-vocab-build` are the same words. */
function isC1(file: ScannedFile): boolean {
  return file.file.startsWith(C1_PREFIX) && codeOf(file) === file.file.toUpperCase().replaceAll('-', '_');
}

/** Codes of the tool rows that are live. */
export function liveC1Tools(rows: readonly (RowRef & { readonly live: boolean })[]): ReadonlySet<string> {
  return new Set(rows.filter(({ surface, live }) => surface === 'dot_tools' && live).map(({ key }) => key));
}

/**
 * What the registrar takes for new must be the C1 DOTs that are no live tools: eight minus those live, and no other file.
 *
 * @returns how many files were compared, and one for the answer itself
 * @throws C1Error C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED
 */
export function assertMissingTools(files: readonly string[], live: ReadonlySet<string>): number {
  const expected = C1_DOT_CODES.filter((code) => !live.has(code)).map((code) => dotOf(code).bin);
  if (files.toSorted().join() === expected.toSorted().join()) return files.length + 1;
  throw defect(listOf(files), `${listOf(expected)}: the C1 DOTs that are no live tools`);
}

function listOf(files: readonly string[]): string {
  return `${files.length} new files${files.length === 0 ? '' : ` (${files.join(', ')})`}`;
}

function defect(seen: string, expected: string): C1Error {
  return new C1Error('C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED', { seen, expected });
}
