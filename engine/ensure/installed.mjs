import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, sep } from 'node:path';
import { isAtLeast, pins, pluginFile, pluginFolder } from '../pins.mjs';
import { root } from '../root.mjs';
import { answerOf } from './command.mjs';

/** The official CLI on PATH, when its version fits and the official language host stands beside it. */
export async function installedCli() {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const file = join(folder, 'pulumi');
    if (isOurs(file) || !existsSync(join(dirname(realIfAny(file)), 'pulumi-language-nodejs'))) continue;
    const version = await answerOf(file, ['version'], { env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: 'true' } });
    if (version !== undefined && isAtLeast(version, pins.cliAtLeast)) {
      return { way: 'installed', version, folder: dirname(realIfAny(file)) };
    }
  }
  return undefined;
}

/** The official plugin in the user's own Pulumi folder, at the very version that the program is written for. */
export function installedPlugin(name) {
  const home = join(homedir(), '.pulumi');
  if (!existsSync(join(home, pluginFile(name)))) return undefined;
  return { way: 'installed', version: pins[name], folder: join(home, pluginFolder(name)) };
}

// `npx` and npm scripts put our own launcher on PATH: it is not an installation.
const isOurs = (file) => !existsSync(file) || [file, realIfAny(file)].some((each) => each.startsWith(root + sep));

const realIfAny = (file) => (existsSync(file) ? realpathSync(file) : file);
