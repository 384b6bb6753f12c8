import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../cache.mjs';
import { withLock } from '../lock.mjs';
import { pins, pluginFile, pluginFolder } from '../pins.mjs';
import { withProgress } from '../progress.mjs';
import { runQuietly } from './command.mjs';

const DOWNLOADS = 'https://get.pulumi.com/';
const PROBE_MS = 2_500;
const FORGET_MS = 24 * 60 * 60 * 1000;
const DOWNLOAD_MS = 5 * 60 * 1000;

let answered = false;

const home = () => join(cacheFolder(), 'official');
const refusedFile = () => join(cacheFolder(), 'downloads-unreachable');

/** Whether the vendor's downloads answer. A "no" is remembered for a day, so that it costs seconds only once. */
export async function downloadsAnswer() {
  const url = process.env.C1_DOWNLOADS ?? DOWNLOADS;
  if (answered) return true;
  if (url === 'off' || isFresh(refusedFile())) return false;
  try {
    await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(PROBE_MS) });
    answered = true;
    return true;
  } catch {
    mkdirSync(cacheFolder(), { recursive: true });
    writeFileSync(refusedFile(), `${new Date().toISOString()}\n`);
    return false;
  }
}

export const forgetRefusal = () => rmSync(refusedFile(), { force: true });

/** The CLI with its language host, by the vendor's own npm package, which fetches them. */
export async function officialCli() {
  const folder = join(home(), 'versions', pins.cli, 'bin');
  const isThere = () => existsSync(join(folder, 'pulumi')) && existsSync(join(folder, 'pulumi-language-nodejs'));
  if (!isThere()) {
    await attempt(`downloading the pulumi CLI ${pins.cli}`, 'npx', ['--yes', `pulumi@${pins.cli}`, 'version']);
  }
  return isThere() ? { way: 'official', version: `v${pins.cli}`, folder } : undefined;
}

/** A plugin, by the CLI's own command. */
export async function officialPlugin(name, cli) {
  const isThere = () => existsSync(join(home(), pluginFile(name)));
  if (!isThere()) {
    const args = ['plugin', 'install', 'resource', name, pins[name]];
    await attempt(`downloading the plugin ${name} ${pins[name]}`, join(cli.folder, 'pulumi'), args);
  }
  return isThere() ? { way: 'official', version: pins[name], folder: join(home(), pluginFolder(name)) } : undefined;
}

// A download that fails is no failure of the setup: the kit comes next.
async function attempt(what, file, args) {
  const options = {
    env: { ...process.env, PULUMI_HOME: home(), PULUMI_SKIP_UPDATE_CHECK: 'true' },
    timeout: DOWNLOAD_MS,
  };
  await withLock(join(cacheFolder(), 'official.lock'), what, () =>
    withProgress(what, () => runQuietly(file, args, options).catch(() => {})),
  );
}

const isFresh = (file) => existsSync(file) && Date.now() - statSync(file).mtimeMs < FORGET_MS;
