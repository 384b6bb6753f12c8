import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface WholeFile {
  readonly mode: number;
  /** Where the bytes wait until they are whole; `<place>.part` where absent. */
  readonly part?: string;
  /** Looks at the waiting file; what it throws leaves the place as it was. */
  readonly check?: (part: string) => void;
}

/** Writes a file whole or not at all: a process that is killed leaves no half file to be taken for a whole one. */
export function writeWhole(place: string, bytes: Buffer, { mode, part = `${place}.part`, check }: WholeFile): void {
  mkdirSync(dirname(place), { recursive: true });
  rmSync(part, { force: true });
  const handle = openSync(part, 'wx', 0o600);
  try {
    writeFileSync(handle, bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  check?.(part);
  chmodSync(part, mode);
  renameSync(part, place);
}
