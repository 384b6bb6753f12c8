import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { C1Error } from '../../domain/codes.ts';

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

function mismatch(seen: string, expected: string, cause?: unknown): C1Error {
  return new C1Error('HOLD_DOT_INTERFACE_MISMATCH', { seen, expected }, { cause });
}
