import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SALT = /^encryptionsalt:.*(?:\r?\n|$)/m;
const SECRET = /^\s*secure:/m;

/**
 * The stack files beside the project file that name no way to encrypt, as committed ones do not.
 *
 * The CLI writes the salt of its passphrase into such a file with every command, and so makes the checkout dirty. The
 * state holds that salt too, and PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER lets the CLI take it from there.
 */
export function unsaltedStackFiles(projectFile) {
  if (projectFile === undefined) return [];
  const folder = dirname(projectFile);
  const names = readdirSync(folder).filter((name) => /^Pulumi\..+\.ya?ml$/.test(name));
  return names.map((name) => join(folder, name)).filter((file) => !/^(?:encryption|secretsprovider)/m.test(read(file)));
}

/** Takes out the salt that came since, but where the file now holds a secret that needs it. */
export function removeNewSalts(files) {
  for (const file of files) {
    const text = existsSync(file) ? read(file) : '';
    if (SALT.test(text) && !SECRET.test(text)) write(file, text.replace(SALT, ''));
  }
}

const read = (file) => readFileSync(file, 'utf8');

function write(file, text) {
  const part = `${file}.${process.pid}`;
  writeFileSync(part, text);
  renameSync(part, file);
}
