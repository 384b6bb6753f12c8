import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { C1Error } from '../domain/codes.ts';

/** Writes where somebody said. @throws C1Error ERROR_USAGE */
export function writeGiven(file: string, text: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  } catch (cause) {
    const seen = `no place for ${path.basename(file)}`;
    throw new C1Error('ERROR_USAGE', { seen, expected: 'a file that can be written' }, { cause });
  }
}
