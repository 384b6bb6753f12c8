import { existsSync, lstatSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { writeWhole } from './whole-file.ts';

const EXECUTABLE = 0o555;

/** Folders beside that of the runnable DOTs: what a release brings, what a patch replaced, and where files are made ready. */
export interface Folders {
  readonly bin: string;
  readonly release: string;
  readonly backup: string;
  readonly ready: string;
}

export function foldersOf(bin: string): Folders {
  const dot = dirname(bin);
  return { bin, release: join(dot, 'release'), backup: join(dot, 'backup'), ready: join(dot, 'ready') };
}

/** What was done to the folder, and how each part of it is taken back. */
export class Changes {
  readonly #undo: (() => void)[] = [];

  will(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** The last first; one that fails does not keep the others from being taken back. */
  readonly undo = (): void => {
    const failed: unknown[] = [];
    for (const one of this.#undo.splice(0).toReversed()) {
      try {
        one();
      } catch (cause) {
        failed.push(cause);
      }
    }
    if (failed.length > 0) throw fileFault(failed[0]);
  };
}

/** Bytes of a plain file; null for nothing, a link, a folder. */
export function readPlain(place: string): Buffer | null {
  return lstatSync(place, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(place) : null;
}

export function replaceFile(folders: Folders, place: string, now: Buffer, wanted: Buffer, changes: Changes): void {
  if (now.equals(wanted)) return;
  changes.will(() => moveInto(folders, place, now));
  moveInto(folders, place, wanted);
}

export function placeNew(folders: Folders, place: string, bytes: Buffer, changes: Changes): void {
  if (existsSync(place)) return;
  changes.will(() => rmSync(place, { force: true }));
  moveInto(folders, place, bytes);
}

export function removeFile(folders: Folders, place: string, changes: Changes): void {
  const bytes = readPlain(place);
  if (bytes === null) return;
  changes.will(() => moveInto(folders, place, bytes));
  rmSync(place);
}

export function placeLink(place: string, target: string, changes: Changes): void {
  if (isThere(place)) return;
  changes.will(() => rmSync(place, { force: true }));
  symlinkSync(target, place);
}

export function removeLink(place: string, target: string, changes: Changes): void {
  if (!isThere(place)) return;
  changes.will(() => symlinkSync(target, place));
  rmSync(place);
}

function isThere(place: string): boolean {
  return lstatSync(place, { throwIfNoEntry: false }) !== undefined;
}

/** Backups are named by what they hold. */
export function backUp({ backup }: Folders, bytes: Buffer): void {
  const place = join(backup, sha256Hex(bytes));
  if (readPlain(place)?.equals(bytes) !== true) writeWhole(place, bytes, { mode: 0o444 });
}

/** @throws C1Error HOLD_DOT_INTERFACE_MISMATCH when there is no such backup, or it holds something else */
export function readBackup({ backup }: Folders, sha256: string): Buffer {
  const bytes = readPlain(join(backup, sha256));
  if (bytes !== null && sha256Hex(bytes) === sha256) return bytes;
  throw new C1Error('HOLD_DOT_INTERFACE_MISMATCH', {
    seen: bytes === null ? `no backup ${sha256}` : `a backup ${sha256} of other content`,
    expected: 'the file that the patch replaced',
    next: 'bring the known-good file back into the backup folder',
  });
}

/** The bytes as a file beside the DOT folder, for `check`; gone again afterwards. */
export function whileReady(folders: Folders, name: string, bytes: Buffer, check: (file: string) => void): void {
  const ready = makeReady(folders, name, bytes);
  try {
    check(ready);
  } finally {
    rmSync(ready, { force: true });
  }
}

/** In one step: a reader sees the old file or the new one, whole. */
function moveInto(folders: Folders, place: string, bytes: Buffer): void {
  renameSync(makeReady(folders, basename(place), bytes), place);
}

/** Ready beside its place, on the same file system, so that moving it there is one step. */
function makeReady({ ready }: Folders, name: string, bytes: Buffer): string {
  const place = join(ready, name);
  writeWhole(place, bytes, { mode: EXECUTABLE });
  return place;
}

export function fileFault(cause: unknown): C1Error {
  const seen = cause instanceof Error && 'code' in cause ? `${String(cause.code)} in the DOT folder` : String(cause);
  return new C1Error('ERROR_STATE_FOLDER', { seen, expected: 'a DOT folder that can be written' }, { cause });
}
