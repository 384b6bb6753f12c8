import { createHash } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { C1Error } from '../../domain/codes.ts';
import { dotOf } from '../../domain/dots.ts';
import { HANDLER_DOT } from '../../domain/handler.ts';
import { C1_PREFIX, HARDENED_NAME } from '../../domain/registrar.ts';
import { type Release, release } from '../../domain/release.ts';

/**
 * Every bin named is there, can be run, and is byte for byte the file that the last install recorded.
 *
 * @returns how many bins were checked
 * @throws C1Error HOLD_DOT_INTERFACE_MISMATCH
 */
export function assertBins(
  folder: string,
  names: readonly string[],
  installed: Readonly<Record<string, string>>,
): number {
  for (const name of names) assertBin(join(folder, name), name, installed[name]);
  return names.length;
}

/**
 * Every file of the DOT folder is the one that install and applied patches left, none of C1's is there beside them, and the
 * release that is to be staged is whole.
 *
 * @returns how many files were looked at
 * @throws C1Error HOLD_DOT_INTERFACE_MISMATCH
 */
export function assertFolder(dotFolder: string, known: Readonly<Record<string, string>>): number {
  const [bin, brought] = [join(dotFolder, 'bin'), join(dotFolder, 'release')];
  const stray = readdirSync(bin).find((name) => isC1(name) && known[name] === undefined);
  if (stray !== undefined) throw mismatch(`${stray}, which no approved request brought`, 'no such file');
  const { handler, registrar, staged, migrations } = readRelease(join(brought, 'release.json'));
  const released = Object.fromEntries(
    [handler, registrar, ...staged, ...migrations].map(({ file, sha256 }) => [file, sha256]),
  );
  for (const [name, sha256] of Object.entries(released)) assertSame(join(brought, name), name, sha256);
  return assertBins(bin, Object.keys(known), known) + Object.keys(released).length;
}

function readRelease(file: string): Release {
  try {
    return release.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw mismatch('no readable release.json', 'the release that a start brings', cause);
  }
}

function isC1(name: string): boolean {
  return name.startsWith(C1_PREFIX) || name === HARDENED_NAME;
}

function assertSame(file: string, name: string, expected: string): void {
  const seen = sha256OfFile(file, name);
  if (seen !== expected) throw mismatch(`${name} of the release with SHA-256 ${seen}`, expected);
}

/**
 * What a step that patches a DOT brought is gone, and the file that it replaced is the one that was installed.
 *
 * @returns how many files were looked at; none for a step that patches no DOT
 * @throws C1Error HOLD_DOT_INTERFACE_MISMATCH
 */
export function assertRestored(folder: string, step: string, installed: Readonly<Record<string, string>>): number {
  if (step === 'H1') return assertBins(folder, [dotOf(HANDLER_DOT).bin], installed);
  if (step !== 'W1') return 0;
  const left = readdirSync(folder).filter(isC1);
  if (left.length > 0) {
    const next = 'npx pulumi up with the owners, which takes the files over, then npx pulumi destroy';
    throw mismatch(`${left.join(', ')} after the retire of W1`, 'no file of C1', undefined, next);
  }
  return 1 + assertBins(folder, [dotOf('DOT-REGISTER').bin], installed);
}

function assertBin(file: string, name: string, expected: string | undefined): void {
  if (expected === undefined) throw mismatch(`${name}, which no install recorded`, 'an installed bin');
  const seen = sha256OfExecutable(file, name);
  if (seen !== expected) throw mismatch(`${name} with SHA-256 ${seen}`, `${expected}, as it was installed`);
}

function sha256OfExecutable(file: string, name: string): string {
  const sha256 = sha256OfFile(file, name);
  try {
    accessSync(file, constants.X_OK);
  } catch (cause) {
    throw mismatch(`${name}, which cannot be executed`, 'an executable bin', cause);
  }
  return sha256;
}

function sha256OfFile(file: string, name: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch (cause) {
    throw mismatch(`no readable ${name}`, 'the installed bin', cause);
  }
}

function mismatch(seen: string, expected: string, cause?: unknown, next?: string): C1Error {
  const finding = next === undefined ? { seen, expected } : { seen, expected, next };
  return new C1Error('HOLD_DOT_INTERFACE_MISMATCH', finding, { cause });
}
