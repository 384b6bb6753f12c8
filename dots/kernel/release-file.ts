import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { dotFolder } from './main.ts';

/**
 * A file that the release brought beside the bins, with the digest that it is known by.
 *
 * @throws C1Error ERROR_PAYLOAD_INVALID when there is none, it is a link, or holds something else
 */
export function readReleased(name: string, sha256: string): Buffer {
  const file = join(dotFolder(), '..', 'release', name);
  const isFile = lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
  const bytes = isFile ? readFileSync(file) : null;
  if (bytes !== null && sha256Hex(bytes) === sha256) return bytes;
  throw new C1Error('ERROR_PAYLOAD_INVALID', {
    seen: bytes === null ? `no plain file ${name} in the release` : `${name} with SHA-256 ${sha256Hex(bytes)}`,
    expected: `the file ${name} with SHA-256 ${sha256}`,
    next: 'npx c1 runtime start, which brings the release, then the same command again',
  });
}
