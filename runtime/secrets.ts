import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { readIfThere, writeAtomic } from './files.ts';
import type { StatePaths } from './paths.ts';

const PASSWORD_BYTES = 24;

/** Password of a login, made at its first use (runtime.md, "Roles"). */
export async function ensurePassword(paths: StatePaths, login: string): Promise<string> {
  const kept = await readPassword(paths, login);
  if (kept !== null) return kept;
  const made = newPassword();
  await writePassword(paths, login, made);
  return made;
}

export function newPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString('base64url');
}

/** In a file of mode 0600, in a folder that nobody else can enter. */
export async function writePassword(paths: StatePaths, login: string, password: string): Promise<void> {
  await mkdir(paths.secrets, { recursive: true, mode: 0o700 });
  await writeAtomic(path.join(paths.secrets, login), `${password}\n`, 0o600);
}

export async function readPassword(paths: StatePaths, login: string): Promise<string | null> {
  const text = await readIfThere(path.join(paths.secrets, login));
  return text === null ? null : text.trim();
}
