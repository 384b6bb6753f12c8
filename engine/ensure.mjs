import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { installedCli, installedPlugin } from './ensure/installed.mjs';
import { kitCli, kitDigest, kitPlugins } from './ensure/kit.mjs';
import { hasLanguageHost, installLanguageHost, languageHostDigest } from './ensure/language-host.mjs';
import { downloadsAnswer, forgetRefusal, officialCli, officialPlugin } from './ensure/official.mjs';
import { setupFailure } from './failure.mjs';
import { withLock } from './lock.mjs';
import { fittingNode } from './node.mjs';
import { pins, pluginFile, pluginFolder } from './pins.mjs';
import { say } from './progress.mjs';
import { root, stateFolder } from './root.mjs';

const PLUGINS = ['command', 'postgresql'];
/** Where the CLI would keep its automatic logs, in its home. */
const LOGS = 'logs';
const WAYS = ['installed', 'official', 'kit'];

/**
 * Makes `<state>/pulumi` a PULUMI_HOME with the CLI, the language host and both plugins, and returns what is there
 * (the content of `engine.json`). Quick when nothing changed. `again` forgets what was decided before.
 */
export async function ensureEngine({ again = false, stateDir = stateFolder() } = {}) {
  const home = join(stateDir, 'pulumi');
  const wanted = fingerprint();
  const asWanted = () => {
    const report = read(home);
    return !again && report?.fingerprint === wanted && isWhole(home, report) ? report : undefined;
  };
  const present = asWanted();
  if (present !== undefined) return present;
  mkdirSync(join(stateDir, 'cache', 'node'), { recursive: true });
  if (again) forgetRefusal();
  const lock = join(stateDir, 'locks', 'engine.lock');
  return withLock(lock, 'setting up the engine', async () => asWanted() ?? install(home, wanted));
}

/** What `engine.json` says, or undefined where the engine was never set up. */
export const read = (home) =>
  existsSync(join(home, 'engine.json')) ? JSON.parse(readFileSync(join(home, 'engine.json'), 'utf8')) : undefined;

/** One line that says which way each part was taken. */
export const describe = ({ cli, languageHost, plugins }) =>
  [
    `pulumi ${cli.version} (${cli.way})`,
    `language host (${languageHost.way})`,
    ...PLUGINS.map((name) => `${name} ${plugins[name].version} (${plugins[name].way})`),
  ].join(', ');

async function install(home, wanted) {
  const ways = allowedWays();
  const cli = await chooseCli(ways);
  const plugins = {};
  for (const name of PLUGINS) plugins[name] = await choosePlugin(name, ways, cli);
  mkdirSync(join(home, 'bin'), { recursive: true });
  if (cli.way === 'kit') await installLanguageHost(home);
  link(fittingNode(), join(home, 'bin', 'node'));
  link(join(cli.folder, 'pulumi'), join(home, 'bin', 'pulumi'));
  for (const [name, { folder }] of Object.entries(plugins)) linkPlugin(home, name, folder);
  refuseLogs(home);
  const report = { fingerprint: wanted, ...summary(cli, plugins) };
  writeAtomically(join(home, 'engine.json'), `${JSON.stringify(report, null, 2)}\n`);
  say(describe(report));
  return report;
}

async function chooseCli(ways) {
  const installed = ways.includes('installed') ? await installedCli() : undefined;
  if (installed !== undefined) return installed;
  const official = ways.includes('official') && (await downloadsAnswer()) ? await officialCli() : undefined;
  if (official !== undefined) return official;
  if (ways.includes('kit')) return kitCli();
  throw setupFailure({
    seen: `no pulumi CLI by ${ways.join(', ')}`,
    expected: 'one of them to give it',
    next: 'unset C1_ENGINE_WAY, then npm run setup',
  });
}

// A stand-in speaks to any CLI, so each plugin is chosen by itself; the official host comes only with its CLI.
async function choosePlugin(name, ways, cli) {
  const installed = ways.includes('installed') ? installedPlugin(name) : undefined;
  if (installed !== undefined) return installed;
  const official = ways.includes('official') && (await downloadsAnswer()) ? await officialPlugin(name, cli) : undefined;
  return official ?? { way: 'stand-in', version: pins[name], folder: await kitPlugins() };
}

function summary(cli, plugins) {
  const languageHost = { way: cli.way === 'kit' ? 'stand-in' : cli.way, version: cli.version };
  return {
    cli: { way: cli.way, version: cli.version },
    languageHost,
    plugins: Object.fromEntries(
      PLUGINS.map((name) => [name, { way: plugins[name].way, version: plugins[name].version }]),
    ),
    node: relative(root, fittingNode()).startsWith('..') ? 'system' : relative(root, fittingNode()),
  };
}

/** C1_ENGINE_WAY names the one way to take, for a test or for someone who wants just that. */
function allowedWays() {
  const way = process.env.C1_ENGINE_WAY;
  if (way === undefined || way === '') return WAYS;
  if (WAYS.includes(way)) return [way];
  throw setupFailure({
    seen: `C1_ENGINE_WAY=${way}`,
    expected: `one of ${WAYS.join(', ')}`,
    next: 'unset C1_ENGINE_WAY',
  });
}

function fingerprint() {
  return createHash('sha256')
    .update(JSON.stringify(pins))
    .update(languageHostDigest())
    .update(kitDigest())
    .update(fittingNode())
    .update(process.env.C1_ENGINE_WAY ?? '')
    .digest('hex')
    .slice(0, 16);
}

// A link whose target is gone (a cleared cache) does not exist for existsSync, so the engine is made again.
const isWhole = (home, { languageHost }) =>
  existsSync(join(home, LOGS)) &&
  !isFolder(join(home, LOGS)) &&
  ['node', 'pulumi'].every((name) => existsSync(join(home, 'bin', name))) &&
  (languageHost.way !== 'stand-in' || hasLanguageHost(home)) &&
  PLUGINS.every((name) => !isLink(join(home, pluginFolder(name))) && existsSync(join(home, pluginFile(name))));

const isFolder = (path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
const isLink = (path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

/**
 * The CLI writes a log of each run by itself, with every input of every resource, up to 500 MB of them, and has no setting
 * against it. A file in the place of its folder is one: what a run leaves behind is the evidence that the steps keep.
 */
function refuseLogs(home) {
  const path = join(home, LOGS);
  if (isFolder(path)) rmSync(path, { recursive: true });
  writeAtomically(path, 'No automatic logs of pulumi are kept here: see docs/engine.md.\n');
}

// The CLI passes over a plugin's folder that is a link, so only the program is one.
function linkPlugin(home, name, folder) {
  const own = join(home, pluginFolder(name));
  if (isLink(own)) rmSync(own);
  link(join(folder, basename(pluginFile(name))), join(home, pluginFile(name)));
}

function link(target, file) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, file);
}

function writeAtomically(file, text) {
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}
