import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../cache.mjs';
import { setupFailure } from '../failure.mjs';
import { withLock } from '../lock.mjs';
import { isAtLeast, pins } from '../pins.mjs';
import { withProgress } from '../progress.mjs';
import { root } from '../root.mjs';
import { answerOf, runQuietly } from './command.mjs';

const kit = join(root, 'engine', 'kit');
const VERSION_VARIABLE = 'github.com/pulumi/pulumi/sdk/v3/go/common/version.Version';
const MODULES = ['go.mod', 'go.sum'];
const PLUGINS = ['pulumi-resource-command', 'pulumi-resource-postgresql'];

/** What is built of Go: its packages, the programs that they give, and the folders of sources that are ours. */
const CLI = {
  name: `cli-${pins.cli}`,
  what: `building the pulumi CLI ${pins.cli} (a few minutes, once for this machine)`,
  short: 'the pulumi CLI',
  otherwise: `pulumi ${pins.cliAtLeast.join('.')} or newer on PATH`,
  missing: 'official pulumi CLI',
  packages: ['github.com/pulumi/pulumi/pkg/v3/cmd/pulumi'],
  programs: ['pulumi'],
  folders: [],
  // The optimised build takes a minute longer than an unoptimised one and halves what every start of the CLI costs.
  flags: `-s -w -X ${VERSION_VARIABLE}=v${pins.cli}`,
};
const STAND_INS = {
  name: 'plugins',
  what: 'building the stand-ins of both plugins (once for this machine)',
  short: 'the stand-ins of the plugins',
  otherwise: 'the official plugins installed (docs/engine.md)',
  missing: 'official plugins',
  packages: PLUGINS.map((name) => `./${name}`),
  programs: PLUGINS,
  folders: ['standin', ...PLUGINS],
  flags: '-s -w',
};

/** The CLI, built from Go modules and kept outside the checkout for every checkout of this user. */
export async function kitCli() {
  return { way: 'kit', version: `v${pins.cli}`, folder: await built(CLI) };
}

/** The folder with the stand-ins of both plugins, built and kept like the CLI. */
export const kitPlugins = () => built(STAND_INS);

/** A digest of what both are built from, so that they are built again when any of it changes. */
export const kitDigest = () => [CLI, STAND_INS].map((target) => digestOf(target, '')).join(' ');

const isWhole = ({ programs }, folder) => programs.every((name) => existsSync(join(folder, name)));

async function built(target) {
  const folder = join(cacheFolder(), `${target.name}-${digestOf(target, await goPlatform(target))}`);
  if (!isWhole(target, folder)) {
    await withLock(`${folder}.lock`, target.what, () => isWhole(target, folder) || build(target, folder));
  }
  return folder;
}

function digestOf({ packages, folders, flags }, platform) {
  const hash = createHash('sha256').update(JSON.stringify([platform, packages, flags]));
  for (const file of [...MODULES, ...folders.flatMap(sourcesIn)]) {
    hash.update(`${file}\0`).update(readFileSync(join(kit, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

const sourcesIn = (folder) =>
  readdirSync(join(kit, folder))
    .filter((file) => file.endsWith('.go'))
    .sort()
    .map((file) => join(folder, file));

async function goPlatform({ missing, otherwise }) {
  const answer = await answerOf('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], { cwd: kit, env: goEnvironment() });
  if (answer !== undefined && isAtLeast(answer, pins.goAtLeast)) return answer;
  throw setupFailure({
    seen: answer === undefined ? `no Go on PATH and no ${missing}` : `Go ${answer.split('\n')[0]}`,
    expected: `Go ${pins.goAtLeast.join('.')} or newer, or ${otherwise}`,
    next: 'install one of the two, then npm run setup',
  });
}

async function build(target, folder) {
  const { what, short, packages, flags } = target;
  const temporary = `${folder}.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  let compiled = 0;
  const args = ['build', '-v', '-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags', flags];
  const count = () => {
    compiled += 1;
  };
  try {
    await withProgress(
      what,
      () => runQuietly('go', [...args, '-o', `${temporary}/`, ...packages], options(), count),
      () => `, ${compiled} packages`,
    );
    publish(temporary, folder, target);
  } catch (cause) {
    throw setupFailure({
      seen: `a failed build of ${short} (${cause.message})`,
      expected: 'go build to succeed from package registries',
      next: 'check that the Go module proxy answers, then npm run setup',
      cause,
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function publish(temporary, folder, target) {
  // What lost one of its programs would be in the way of a rename.
  if (!isWhole(target, folder)) rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(temporary, folder);
  } catch (error) {
    // Another process was first; its build is the same.
    if (!isWhole(target, folder)) throw error;
  }
}

const options = () => ({ cwd: kit, env: goEnvironment() });
const goEnvironment = () => ({ ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' });
