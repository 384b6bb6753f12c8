import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, stateFolder } from './root.mjs';

/**
 * The environment in which plain `pulumi` works on this program.
 *
 * Makes the state back end's folder and the passphrase when they are missing; changes nothing else.
 *
 * @param {object} [options]
 * @param {string} [options.stateDir] the state folder; `.c1` in the checkout, or C1_STATE_DIR
 * @param {NodeJS.ProcessEnv} [options.base] the caller's environment; its own choice of back end and passphrase wins
 * @returns {Record<string, string>} what to add to `base`, PATH included
 */
export function engineEnvironment({ base = process.env, stateDir = stateFolder(base) } = {}) {
  const home = join(stateDir, 'pulumi');
  const backend = base.PULUMI_BACKEND_URL || ownBackend(stateDir);
  return {
    ...(base.C1_STATE_DIR && { C1_STATE_DIR: stateDir }),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: backend,
    ...passphrase(stateDir, base, backend),
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_EXPERIMENTAL: 'true',
    // A command that nobody ran has no output: at preview the inputs are all there is, and the plugin need not say so.
    PULUMI_DISABLE_PROVIDER_PREVIEW: 'true',
    // The salt of the passphrase is read from the state, so that the stack file need not hold it (stack-file.mjs).
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: 'true',
    // An older language host on PATH would be taken before the one that was set up.
    PULUMI_IGNORE_AMBIENT_PLUGINS: 'true',
    NODE_COMPILE_CACHE: join(stateDir, 'cache', 'node'),
    PATH: [join(home, 'bin'), join(root, 'node_modules', '.bin'), base.PATH].filter(Boolean).join(delimiter),
    ...reader(stateDir),
  };
}

function ownBackend(stateDir) {
  const folder = join(stateDir, 'pulumi-state');
  mkdirSync(folder, { recursive: true });
  // Without attributes beside each file: the back end writes them apart from it, and hashes each file for them.
  return `${pathToFileURL(folder).href}?metadata=skip`;
}

// A random passphrase is right for a state that only this checkout reads, and wrong for one that a team shares.
function passphrase(stateDir, base, backend) {
  const isOwnChoice = 'PULUMI_CONFIG_PASSPHRASE' in base || 'PULUMI_CONFIG_PASSPHRASE_FILE' in base;
  if (isOwnChoice || !backend.startsWith('file:')) return {};
  const file = join(stateDir, 'secrets', 'passphrase');
  if (!existsSync(file)) writeSecret(file, randomBytes(32).toString('base64url'));
  return { PULUMI_CONFIG_PASSPHRASE_FILE: file };
}

function writeSecret(file, text) {
  const folder = join(file, '..');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

// `connection.json` is written by the runtime when it starts; the password stays in its own file of mode 0600.
function reader(stateDir) {
  const file = join(stateDir, 'connection.json');
  if (!existsSync(file)) return {};
  const connection = JSON.parse(readFileSync(file, 'utf8'));
  const passwordFile = connection.readerPasswordFile;
  return {
    PGHOST: connection.host,
    PGPORT: String(connection.port),
    PGDATABASE: connection.database,
    PGUSER: connection.reader,
    PGPASSWORD: readFileSync(isAbsolute(passwordFile) ? passwordFile : join(stateDir, passwordFile), 'utf8').trim(),
    PGSSLMODE: connection.sslmode ?? 'disable',
    // As long as the reader waits; the postgresql plugin's own limit is three minutes, and a program cannot end before it.
    PGCONNECT_TIMEOUT: process.env.PGCONNECT_TIMEOUT ?? '5',
  };
}
