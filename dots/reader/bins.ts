import { createHash } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { C1Error } from '../../domain/codes.ts';
import { dotOf } from '../../domain/dots.ts';
import { C1_PREFIX, HARDENED_NAME } from '../../domain/registrar.ts';

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
 * What W1 brought is gone, and the registrar is the one that was installed.
 *
 * @returns how many files were looked at
 * @throws C1Error HOLD_DOT_INTERFACE_MISMATCH
 */
export function assertRestored(folder: string, installed: Readonly<Record<string, string>>): number {
  const left = readdirSync(folder).filter((name) => name.startsWith(C1_PREFIX) || name === HARDENED_NAME);
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
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw mismatch(`no readable ${name}`, 'the installed bin', cause);
  }
  try {
    accessSync(file, constants.X_OK);
  } catch (cause) {
    throw mismatch(`${name}, which cannot be executed`, 'an executable bin', cause);
  }
  return createHash('sha256').update(bytes).digest('hex');
}

function mismatch(seen: string, expected: string, cause?: unknown, next?: string): C1Error {
  const finding = next === undefined ? { seen, expected } : { seen, expected, next };
  return new C1Error('HOLD_DOT_INTERFACE_MISMATCH', finding, { cause });
}
