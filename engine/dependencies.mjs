import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './ensure/command.mjs';
import { setupFailure } from './failure.mjs';
import { withLock } from './lock.mjs';
import { withProgress } from './progress.mjs';
import { root, stateFolder } from './root.mjs';

const lockFile = join(root, 'package-lock.json');
const stampFile = join(root, 'node_modules', '.c1-stamp');
const hiddenLock = join(root, 'node_modules', '.package-lock.json');

/** Runs `npm ci` when node_modules is missing or is not what package-lock.json says. */
export async function ensureDependencies() {
  if (fits()) return;
  // The lock stands outside node_modules, which npm removes first.
  await withLock(join(stateFolder(), 'locks', 'npm.lock'), 'installing npm packages', async () => {
    if (!fits()) await install();
  });
}

function fits() {
  const digest = stamp();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === digest) return true;
  if (!existsSync(hiddenLock) || !holdsEverything()) return false;
  writeFileSync(stampFile, digest);
  return true;
}

const stamp = () =>
  createHash('sha256').update(readFileSync(lockFile)).update(`${process.platform} ${process.arch}`).digest('hex');

/** Someone may have installed by hand: then npm's own record has every package that this platform needs. */
function holdsEverything() {
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const present = JSON.parse(readFileSync(hiddenLock, 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (path === '' || link || !path.startsWith('node_modules/')) return true;
    return present[path] === undefined ? optional === true : present[path].version === version;
  });
}

async function install() {
  const args = ['ci', '--loglevel=error', '--no-audit', '--no-fund', '--ignore-scripts=false'];
  try {
    await withProgress('installing npm packages (npm ci)', () => runQuietly('npm', args, { cwd: root }));
  } catch (cause) {
    throw setupFailure({
      seen: `a failed npm ci (${cause.message})`,
      expected: 'the packages of package-lock.json',
      next: 'npm ci',
      cause,
    });
  }
  writeFileSync(stampFile, stamp());
}
