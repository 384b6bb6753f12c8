import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureEngine } from '../../engine/ensure.mjs';
import { root, stateFolder } from '../../engine/root.mjs';

const COMMITTED = '# why this stack is\nconfig:\n  trial:colour: blue\n';

let folder: string;

beforeEach(async () => {
  await ensureEngine();
  folder = await realpath(await mkdtemp(join(tmpdir(), 'c1 stack file-')));
  await mkdir(join(folder, 'state'));
  await symlink(join(stateFolder(), 'pulumi'), join(folder, 'state', 'pulumi'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(
    join(folder, 'Pulumi.yaml'),
    'name: trial\nruntime: { name: nodejs, options: { typescript: false } }\n',
  );
  await writeFile(join(folder, 'package.json'), '{ "name": "trial", "type": "module", "main": "index.ts" }');
  await writeFile(join(folder, 'index.ts'), '');
  await writeFile(join(folder, 'Pulumi.dev.yaml'), COMMITTED);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function pulumi(...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(process.execPath, [join(root, 'engine/launcher.mjs'), ...args, '--stack', 'dev'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, C1_STATE_DIR: join(folder, 'state') },
    extendEnv: false,
  });
  return stdout;
}

const stackFile = () => readFile(join(folder, 'Pulumi.dev.yaml'), 'utf8');

test('a stack file without a salt stays as it is committed, and the state keeps one and the same salt', async () => {
  await pulumi('stack', 'init');
  expect(await stackFile()).toBe(COMMITTED);
  const salt = await saltOfState();
  expect(salt).toMatch(/^v1:/);
  await pulumi('up', '--yes', '--skip-preview');
  expect(await stackFile()).toBe(COMMITTED);
  expect(await saltOfState()).toBe(salt);
});

test('a secret in the stack file keeps its salt, and can be read again', async () => {
  await pulumi('stack', 'init');
  await pulumi('config', 'set', '--secret', 'trial:key', 'hush');
  expect(await stackFile()).toMatch(/secure: v1:.*\nencryptionsalt: v1:/);
  expect(await pulumi('config', 'get', 'trial:key')).toBe('hush');
  expect(await stackFile()).toMatch(/^encryptionsalt: v1:/m);
});

test('a salt that was there before stays', async () => {
  await pulumi('stack', 'init');
  const salted = `${COMMITTED}encryptionsalt: ${await saltOfState()}\n`;
  await writeFile(join(folder, 'Pulumi.dev.yaml'), salted);
  await pulumi('up', '--yes', '--skip-preview');
  expect(await stackFile()).toBe(salted);
});

async function saltOfState(): Promise<string> {
  const file = join(folder, 'state/pulumi-state/.pulumi/stacks/trial/dev.json');
  const state = JSON.parse(await readFile(file, 'utf8')) as {
    checkpoint: { latest: { secrets_providers: { state: { salt: string } } } };
  };
  return state.checkpoint.latest.secrets_providers.state.salt;
}
