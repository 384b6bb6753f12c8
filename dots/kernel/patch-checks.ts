import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { PatchAction } from '../../domain/apr.ts';
import { sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { dotOf } from '../../domain/dots.ts';
import { HANDLER_DOT } from '../../domain/handler.ts';
import { type Folders, readPlain } from './dot-files.ts';
import { codesIn } from './scan.ts';

const LIMIT_MS = 20_000;

/** One name, one file: what comes twice, or over the patched file, could not be taken back. */
export function assertNames({ file_path, alias, staged_files }: PatchAction): void {
  const names = [basename(file_path), ...(alias === null ? [] : [alias]), ...staged_files.map(({ file }) => file)];
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new C1Error('REJECT_PATCH_TARGET', { seen: `a patch that names ${twice} twice`, expected: 'each file once' });
  }
  // What a patch brings goes with its rollback, so it may never be a file that others live by.
  if (alias !== null && !alias.startsWith(`${basename(file_path)}-`)) {
    throw new C1Error('REJECT_PATCH_TARGET', {
      seen: `${alias} as another name of ${basename(file_path)}`,
      expected: `${basename(file_path)}-…`,
    });
  }
}

export function readTarget(target: string): Buffer {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat?.isFile() === true) return readFileSync(target);
  throw new C1Error('REJECT_PATCH_TARGET', {
    seen: `${basename(target)}, which is ${stat === undefined ? 'not there' : 'no plain file'}`,
    expected: 'a plain file of the DOT folder',
  });
}

export function assertKnown(target: string, bytes: Buffer, known: readonly string[]): void {
  const seen = sha256Hex(bytes);
  if (known.includes(seen)) return;
  throw new C1Error('HOLD_DOT_INTERFACE_MISMATCH', {
    seen: `${basename(target)} with SHA-256 ${seen}`,
    expected: `${known[0]}, which the request replaces, or its own new file`,
    next: 'find who changed the file; a new request names what is there now',
  });
}

/**
 * An approved file: the one that is in place already, else the release's.
 *
 * @throws C1Error REJECT_APR_ALTERED when the release has another file than the one that was approved
 */
export function readStaged(folders: Folders, { file, dot_code, sha256 }: PatchAction['staged_files'][number]): Buffer {
  const bytes = readPlain(join(folders.bin, file)) ?? readPlain(join(folders.release, file));
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

/** Nothing that nobody approved is overwritten, or removed. */
export function assertFree(place: string, sha256: string): void {
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isFile() && sha256Hex(readFileSync(place)) === sha256)) return;
  throw new C1Error('HOLD_SURFACE_EXISTS', {
    seen: `another ${basename(place)} in the DOT folder`,
    expected: 'none, or the approved one',
    next: 'find who put it there, and remove it',
  });
}

export function assertAlias(bin: string, { alias, file_path }: PatchAction): void {
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

export function assertCode(file: string, code: string): void {
  assertCodes(basename(file), codesIn(readFileSync(file)), code);
}

function assertCodes(file: string, codes: readonly string[], code: string): void {
  if (codes.length === 1 && codes[0] === code) return;
  throw new C1Error('REJECT_PATCH_TARGET', {
    seen: `${file} with ${codes.length === 0 ? 'no DOT-CODE line' : `DOT-CODE ${codes.join(' and ')}`}`,
    expected: `the one line DOT-CODE: ${code}`,
  });
}

/** A shell script is checked by bash, everything else by the Node that will run it. */
export function assertSyntax(file: string, bin: string): void {
  const isShell = !/^\/\/ DOT-CODE: /m.test(readFileSync(file, 'utf8').slice(0, 4096));
  const [program, words] = isShell ? ['bash', ['-n', file]] : [join(bin, '..', 'lib', 'node'), ['--check', file]];
  const ended = spawnSync(program as string, words as string[], { encoding: 'utf8', timeout: LIMIT_MS });
  if (ended.status === 0) return;
  throw new C1Error('REJECT_PATCH_SYNTAX', {
    seen: `${basename(file)}: ${ended.error?.message ?? lastWord(ended.stderr.replaceAll(`${file}: `, ''))}`,
    expected: `a file that ${isShell ? 'bash -n' : 'node --check'} accepts`,
  });
}

/**
 * The new file of the very DOT that applies patches runs and is what the request says: one that does not could not take
 * itself back.
 */
export function assertRuns(file: string, { dot_code, version }: PatchAction): void {
  const { code, bin } = dotOf(HANDLER_DOT);
  if (dot_code !== code) return;
  const ended = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: LIMIT_MS, env: { PATH: '/usr/bin:/bin' } });
  const expected = `${bin} ${version} ${code}`;
  if (ended.status === 0 && ended.stdout.trim() === expected) return;
  throw new C1Error('REJECT_PATCH_DOES_NOT_RUN', {
    seen: `${basename(file)} --version with ${ended.error?.message ?? JSON.stringify(`${ended.stdout}${lastWord(ended.stderr)}`.slice(0, 200))}`,
    expected,
  });
}

/** `SyntaxError: …`, or the first line where there is none. */
function lastWord(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => /^\w*Error: /.test(line)) ?? lines[0] ?? 'no word').slice(0, 300);
}
