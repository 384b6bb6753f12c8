import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { PatchAction } from '../../domain/apr.ts';
import { sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import type { Effects } from './run.ts';
import { codesIn } from './scan.ts';

const LIMIT_MS = 20_000;
const EXECUTABLE = 0o555;

/** Folders beside that of the runnable DOTs: what a release brings, what a patch replaced, and where files are made ready. */
interface Folders {
  readonly bin: string;
  readonly release: string;
  readonly backup: string;
  readonly ready: string;
}

function foldersOf(bin: string): Folders {
  const dot = dirname(bin);
  return { bin, release: join(dot, 'release'), backup: join(dot, 'backup'), ready: join(dot, 'ready') };
}

/**
 * Puts the files of an approved patch in place, content by content: what is there already is left, what is missing is
 * completed, and anything else than the replaced or the new file is a stop.
 *
 * @throws C1Error (from place) REJECT_PATCH_TARGET, REJECT_PATCH_SYNTAX, REJECT_APR_ALTERED, HOLD_DOT_INTERFACE_MISMATCH,
 * HOLD_SURFACE_EXISTS
 */
export function applyPatch(bin: string, action: PatchAction): Effects {
  const folders = foldersOf(bin);
  const target = join(bin, basename(action.file_path));
  const content = Buffer.from(action.new_content_base64, 'base64');
  const done: (() => void)[] = [];
  const undo = () => {
    for (const one of done.splice(0).toReversed()) one();
  };
  const place = () => {
    const old = readTarget(target);
    assertKnown(target, old, [action.replaces.sha256, sha256Hex(content)]);
    const staged = action.staged_files.map((file) => ({ ...file, bytes: readStaged(folders, file) }));
    for (const { file } of staged) assertFree(join(bin, file), staged.find((one) => one.file === file)?.sha256 ?? '');
    assertAlias(bin, action);
    const ready = makeReady(folders, basename(target), content);
    assertCode(ready, action.dot_code);
    assertSyntax(ready, bin);
    backUp(folders, old);
    if (sha256Hex(old) !== sha256Hex(content)) {
      done.push(() => moveInto(makeReady(folders, basename(target), old), target));
      moveInto(ready, target);
    } else rmSync(ready, { force: true });
    for (const { file, bytes } of staged) placeNew(folders, join(bin, file), bytes, done);
    placeAlias(bin, action, done);
  };
  return { place: undoing(place, undo), undo };
}

/** Takes a patch back: first the files that came with it, then the replaced file from its backup, byte for byte. */
export function rollBackPatch(bin: string, action: PatchAction): Effects {
  const folders = foldersOf(bin);
  const target = join(bin, basename(action.file_path));
  const newSha = sha256Hex(Buffer.from(action.new_content_base64, 'base64'));
  const done: (() => void)[] = [];
  const undo = () => {
    for (const one of done.splice(0).toReversed()) one();
  };
  const place = () => {
    const now = readTarget(target);
    assertKnown(target, now, [action.replaces.sha256, newSha]);
    const old = readBackup(folders, action.replaces.sha256);
    assertAlias(bin, action);
    for (const { file, sha256 } of action.staged_files) assertFree(join(bin, file), sha256);
    for (const { file } of action.staged_files) removeFile(folders, join(bin, file), done);
    removeAlias(bin, action, done);
    if (sha256Hex(now) === action.replaces.sha256) return;
    done.push(() => moveInto(makeReady(folders, basename(target), now), target));
    moveInto(makeReady(folders, basename(target), old), target);
  };
  return { place: undoing(place, undo), undo };
}

/** Whatever stops half-way is taken back before it is reported. */
function undoing(place: () => void, undo: () => void): () => void {
  return () => {
    try {
      place();
    } catch (cause) {
      undo();
      throw cause instanceof C1Error ? cause : fileFault(cause);
    }
  };
}

function readTarget(target: string): Buffer {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat?.isFile() === true) return readFileSync(target);
  throw new C1Error('REJECT_PATCH_TARGET', {
    seen: `${basename(target)}, which is ${stat === undefined ? 'not there' : 'no plain file'}`,
    expected: 'a plain file of the DOT folder',
  });
}

function assertKnown(target: string, bytes: Buffer, known: readonly string[]): void {
  const seen = sha256Hex(bytes);
  if (known.includes(seen)) return;
  throw new C1Error('HOLD_DOT_INTERFACE_MISMATCH', {
    seen: `${basename(target)} with SHA-256 ${seen}`,
    expected: `${known[0]}, which the request replaces, or its own new file`,
    next: 'find who changed the file; a new request names what is there now',
  });
}

/** @throws C1Error REJECT_APR_ALTERED when the release has another file than the one that was approved */
function readStaged({ release }: Folders, { file, dot_code, sha256 }: PatchAction['staged_files'][number]): Buffer {
  const place = join(release, file);
  const bytes = lstatSync(place, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(place) : null;
  if (bytes !== null && sha256Hex(bytes) === sha256) {
    assertCodes(file, codesIn(bytes), dot_code);
    return bytes;
  }
  throw new C1Error('REJECT_APR_ALTERED', {
    seen: bytes === null ? `no plain file ${file} in the release` : `${file} with SHA-256 ${sha256Hex(bytes)}`,
    expected: `${sha256}, as it was approved`,
    next: 'npx c1 runtime start, which brings the release again',
  });
}

function assertCode(file: string, code: string): void {
  assertCodes(basename(file), codesIn(readFileSync(file)), code);
}

function assertCodes(file: string, codes: readonly string[], code: string): void {
  if (codes.length === 1 && codes[0] === code) return;
  throw new C1Error('REJECT_PATCH_TARGET', {
    seen: `${file} with ${codes.length === 0 ? 'no DOT-CODE line' : `DOT-CODE ${codes.join(' and ')}`}`,
    expected: `the one line DOT-CODE: ${code}`,
  });
}

/** Nothing that nobody approved is overwritten, or removed. */
function assertFree(place: string, sha256: string): void {
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isFile() && sha256Hex(readFileSync(place)) === sha256)) return;
  throw new C1Error('HOLD_SURFACE_EXISTS', {
    seen: `another ${basename(place)} in the DOT folder`,
    expected: 'none, or the approved one',
    next: 'find who put it there, and remove it',
  });
}

function assertAlias(bin: string, { alias, file_path }: PatchAction): void {
  if (alias === null) return;
  const place = join(bin, alias);
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isSymbolicLink() && readlinkSync(place) === basename(file_path))) return;
  throw new C1Error('HOLD_SURFACE_EXISTS', {
    seen: `another ${alias} in the DOT folder`,
    expected: `none, or the link to ${basename(file_path)}`,
    next: 'find who put it there, and remove it',
  });
}

/** A shell script is checked by bash, everything else by the Node that will run it. */
function assertSyntax(file: string, bin: string): void {
  const isShell = !/^\/\/ DOT-CODE: /m.test(readFileSync(file, 'utf8').slice(0, 4096));
  const [program, words] = isShell ? ['bash', ['-n', file]] : [join(bin, '..', 'lib', 'node'), ['--check', file]];
  const ended = spawnSync(program as string, words as string[], { encoding: 'utf8', timeout: LIMIT_MS });
  if (ended.status === 0) return;
  throw new C1Error('REJECT_PATCH_SYNTAX', {
    seen: `${basename(file)}: ${ended.error?.message ?? lastWord(ended.stderr)}`,
    expected: `a file that ${isShell ? 'bash -n' : 'node --check'} accepts`,
  });
}

/** `SyntaxError: …`, or the first line where there is none. */
function lastWord(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => /^\w*Error: /.test(line)) ?? lines[0] ?? 'no word').slice(0, 300);
}

function backUp({ backup }: Folders, bytes: Buffer): void {
  const place = join(backup, sha256Hex(bytes));
  if (existsSync(place) && sha256Hex(readFileSync(place)) === sha256Hex(bytes)) return;
  writeWhole(place, bytes, 0o444);
}

function readBackup({ backup }: Folders, sha256: string): Buffer {
  const place = join(backup, sha256);
  const bytes = existsSync(place) ? readFileSync(place) : null;
  if (bytes !== null && sha256Hex(bytes) === sha256) return bytes;
  throw new C1Error('HOLD_DOT_INTERFACE_MISMATCH', {
    seen: bytes === null ? `no backup ${sha256}` : `a backup ${sha256} of other content`,
    expected: 'the file that the patch replaced',
    next: 'bring the known-good file back into the backup folder',
  });
}

function placeNew(folders: Folders, place: string, bytes: Buffer, done: (() => void)[]): void {
  if (existsSync(place)) return;
  done.push(() => rmSync(place, { force: true }));
  moveInto(makeReady(folders, basename(place), bytes), place);
}

function removeFile(folders: Folders, place: string, done: (() => void)[]): void {
  if (!existsSync(place)) return;
  const bytes = readFileSync(place);
  done.push(() => moveInto(makeReady(folders, basename(place), bytes), place));
  rmSync(place);
}

function placeAlias(bin: string, { alias, file_path }: PatchAction, done: (() => void)[]): void {
  if (alias === null || lstatSync(join(bin, alias), { throwIfNoEntry: false }) !== undefined) return;
  done.push(() => rmSync(join(bin, alias), { force: true }));
  symlinkSync(basename(file_path), join(bin, alias));
}

function removeAlias(bin: string, { alias, file_path }: PatchAction, done: (() => void)[]): void {
  if (alias === null || lstatSync(join(bin, alias), { throwIfNoEntry: false }) === undefined) return;
  done.push(() => symlinkSync(basename(file_path), join(bin, alias)));
  rmSync(join(bin, alias));
}

/** Ready beside its place, on the same file system, so that moving it there is one step. */
function makeReady({ ready }: Folders, name: string, bytes: Buffer): string {
  const place = join(ready, name);
  writeWhole(place, bytes, EXECUTABLE);
  return place;
}

function moveInto(from: string, to: string): void {
  renameSync(from, to);
}

function writeWhole(place: string, bytes: Buffer, mode: number): void {
  mkdirSync(dirname(place), { recursive: true });
  const part = `${place}.part`;
  rmSync(part, { force: true });
  const handle = openSync(part, 'wx', 0o600);
  try {
    writeSync(handle, bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  chmodSync(part, mode);
  renameSync(part, place);
}

function fileFault(cause: unknown): C1Error {
  const seen = cause instanceof Error && 'code' in cause ? `${String(cause.code)} in the DOT folder` : String(cause);
  return new C1Error('ERROR_STATE_FOLDER', { seen, expected: 'a DOT folder that can be written' }, { cause });
}
