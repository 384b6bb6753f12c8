import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';

/**
 * What decides about a run: the program, everything that it installs and starts, its payloads and its pins. `approvals/` is
 * no part of it, so that committing an approval does not void it; nor are docs, tests and benchmarks, which change no row.
 */
export const SOURCES = [
  ...[
    'cli',
    'components',
    'domain',
    'dots',
    'engine',
    'executor',
    'migrations',
    'payloads',
    'policy',
    'review',
    'runtime',
  ],
  ...['.npmrc', 'index.ts', 'package-lock.json', 'package.json', 'planned-deltas.yaml', 'Pulumi.yaml', 'tsconfig.json'],
] as const;

/** Made where it is used: no part of any source. */
const MADE = new Set(['node_modules', '.c1']);

export interface SourceDigest {
  readonly digest: string;
  readonly files: number;
}

/**
 * SHA-256 over name and SHA-256 of every source file, links followed, whatever git knows of them.
 *
 * @param stack whose own configuration file is a source as well
 * @throws C1Error ERROR_READ_FAILED
 */
export function sourceDigest(checkout: string, stack: string): SourceDigest {
  try {
    const names = [...SOURCES, `Pulumi.${stack}.yaml`].filter((name) => existsSync(join(checkout, name)));
    const files = names.flatMap((name) => filesBelow(checkout, name)).toSorted();
    const digests = files.map((file) => [file, sha256Hex(readFileSync(join(checkout, file)))]);
    return { digest: digestOf(Object.fromEntries(digests)), files: files.length };
  } catch (cause) {
    const seen = cause instanceof Error ? cause.message : String(cause);
    throw new C1Error('ERROR_READ_FAILED', { seen, expected: 'every file of the program' }, { cause });
  }
}

/** Names with slashes, relative to the checkout. */
function filesBelow(checkout: string, name: string): readonly string[] {
  const place = join(checkout, name);
  if (!statSync(place).isDirectory()) return [name];
  const names = readdirSync(place).filter((below) => !MADE.has(below));
  return names.flatMap((below) => filesBelow(checkout, `${name}/${below}`));
}
