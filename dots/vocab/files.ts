import { execFileSync } from 'node:child_process';
import { closeSync, lstatSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { C1Error } from '../../domain/codes.ts';
import { parseRequest } from '../../domain/decision/malformed.ts';
import { assertReproduced } from '../../domain/dry-run.ts';
import { writeWhole } from '../kernel/whole-file.ts';

/** Far above any manifest of C1; a file is not read beyond it. */
const LARGEST = 16 * 1024 * 1024;
const LIMIT_MS = 10_000;

/** The program of Linux, and that of macOS. */
const PROGRAMS: readonly (readonly [string, ...string[]])[] = [['sha256sum'], ['shasum', '-a', '256']];

/**
 * Writes the bytes whole or not at all, once the sha256sum program has computed the same hash over the very file.
 *
 * @throws C1Error HOLD_MANIFEST_NOT_REPRODUCED, ERROR_FILE_UNUSABLE
 */
export function writeManifest(place: string, bytes: Buffer, hash: string): void {
  try {
    assertPlain(place);
    writeChecked(place, bytes, hash);
  } catch (cause) {
    throw cause instanceof C1Error ? cause : unusable('write', cause);
  }
}

function writeChecked(place: string, bytes: Buffer, hash: string): void {
  // Two at once on one file do not get into each other's way.
  const part = `${place}.${process.pid}.part`;
  try {
    const check = () => assertReproduced('sha256sum', programHash({ place: part }), hash);
    writeWhole(place, bytes, { mode: 0o644, part, check });
  } finally {
    rmSync(part, { force: true });
  }
}

/**
 * Has the sha256sum program compute the hash of bytes that are in no file.
 *
 * @throws C1Error HOLD_MANIFEST_NOT_REPRODUCED
 */
export function assertSummed(bytes: Buffer, hash: string): void {
  assertReproduced('sha256sum', programHash({ bytes }), hash);
}

/** Renamed over a device, a link or a folder, a file would take its place; and no folder is made for it. */
function assertPlain(place: string): void {
  const there = lstatSync(place, { throwIfNoEntry: false });
  if (there?.isFile() === false) throw unusable('write', notPlain());
  statSync(dirname(place));
}

/** @throws C1Error REJECT_MANIFEST_MISSING, REJECT_MALFORMED_REQUEST, ERROR_FILE_UNUSABLE */
export function readManifest(place: string): { readonly bytes: Buffer; readonly value: unknown } {
  const bytes = bytesOf(place);
  return { bytes, value: parseRequest(bytes) };
}

function bytesOf(place: string): Buffer {
  try {
    const found = statSync(place);
    // What is no file may have no end.
    if (!found.isFile()) throw notPlain();
    if (found.size <= LARGEST) return readFileSync(place);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw unusable('read', cause);
    throw new C1Error('REJECT_MANIFEST_MISSING', { seen: 'no such file', expected: 'the manifest' }, { cause });
  }
  throw new C1Error('REJECT_MALFORMED_REQUEST', { seen: `more than ${LARGEST} bytes`, expected: 'a manifest of C1' });
}

type Summed = { readonly place: string } | { readonly bytes: Buffer };

/** Over the file as it is on the disk, which the program is given open: no name of a file is any of its business. */
function programHash(of: Summed): string {
  for (const [program, ...words] of PROGRAMS) {
    const said = sumBy(program, words, of);
    if (said !== null) return said.slice(0, 64);
  }
  throw new C1Error('HOLD_MANIFEST_NOT_REPRODUCED', {
    seen: 'no program sha256sum',
    expected: 'three computations',
    next: 'install coreutils, then run the same command again',
  });
}

function sumBy(program: string, words: readonly string[], of: Summed): string | null {
  const file = 'place' in of ? openSync(of.place, 'r') : 'pipe';
  try {
    return execFileSync(program, [...words], {
      stdio: [file, 'pipe', 'ignore'],
      ...('bytes' in of ? { input: of.bytes } : {}),
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
      timeout: LIMIT_MS,
    });
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null;
    const seen = `a failure of ${program}: ${codeOf(cause)}`;
    throw new C1Error('HOLD_MANIFEST_NOT_REPRODUCED', { seen, expected: 'three computations' }, { cause });
  } finally {
    if (typeof file === 'number') closeSync(file);
  }
}

function notPlain(): Error {
  return Object.assign(new Error('no plain file'), { code: 'no plain file' });
}

/** The name of the fault, not its text: that would quote a path of this machine. */
function unusable(what: string, cause: unknown): C1Error {
  const seen = `${codeOf(cause)}, trying to ${what} the file of --manifest`;
  return new C1Error('ERROR_FILE_UNUSABLE', { seen, expected: 'a file that can be read and written' }, { cause });
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'failure';
}
