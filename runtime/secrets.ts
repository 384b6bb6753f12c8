import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { readIfThere, writeAtomic } from './files.ts';
import type { StatePaths } from './paths.ts';

const PASSWORD_BYTES = 24;

/** Password of a login; made at its first use, kept in a file of mode 0600, never printed (runtime.md, "Roles"). */
export async function ensurePassword(paths: StatePaths, login: string): Promise<string> {
  const kept = await readPassword(paths, login);
  if (kept !== null) return kept;
  await mkdir(paths.secrets, { recursive: true, mode: 0o700 });
  const made = randomBytes(PASSWORD_BYTES).toString('base64url');
  await writeAtomic(path.join(paths.secrets, login), `${made}\n`, 0o600);
  return made;
}

export async function readPassword(paths: StatePaths, login: string): Promise<string | null> {
  const text = await readIfThere(path.join(paths.secrets, login));
  return text === null ? null : text.trim();
}
