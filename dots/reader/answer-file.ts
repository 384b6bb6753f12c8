import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { C1Error } from '../../domain/codes.ts';

/** Whole or not at all: a reader that is killed leaves no half file to be taken for a state. */
export function writeWhole(file: string, text: string): void {
  try {
    writeFileSync(`${file}.part`, text, { mode: 0o600 });
    renameSync(`${file}.part`, file);
  } catch (cause) {
    discard(`${file}.part`);
    throw notWritable(cause);
  }
}

export function discard(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (cause) {
    throw notWritable(cause);
  }
}

function notWritable(cause: unknown): C1Error {
  const seen = cause instanceof Error ? cause.message : String(cause);
  return new C1Error('ERROR_STATE_FOLDER', { seen, expected: 'a state folder that can be written' }, { cause });
}
