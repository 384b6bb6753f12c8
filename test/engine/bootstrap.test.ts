import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../../engine/root.mjs';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'c1 boot strap-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const bootstrap = (...args: readonly string[]) =>
  execa(process.execPath, [join(root, 'engine/bootstrap.mjs'), ...args], { cwd: folder, reject: false, all: true });

test('help says how to call it and sets nothing up', async () => {
  const { exitCode, stdout } = await bootstrap('--help');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('usage: node engine/bootstrap.mjs');
});

test('a TypeScript entry runs on a fitting Node with its arguments, and its exit status comes through', async () => {
  await writeFile(
    join(folder, 'entry.ts'),
    `const args: string[] = process.argv.slice(2);
     console.log(JSON.stringify({ args, home: process.env.PULUMI_HOME, cache: process.env.NODE_COMPILE_CACHE }));
     process.exit(9);`,
  );
  const { exitCode, stdout } = await bootstrap('entry.ts', '--flag', 'two words');
  expect(exitCode).toBe(9);
  const seen = JSON.parse(stdout) as { args: string[]; home: string; cache: string };
  expect(seen.args).toEqual(['--flag', 'two words']);
  expect(seen.home).toMatch(/pulumi$/);
  expect(seen.cache).toMatch(/cache.node$/);
});

test('a command of node_modules/.bin runs by its name', async () => {
  const { exitCode, stdout } = await bootstrap('esbuild', '--version');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+$/);
});

test('a signal reaches the entry, and the entry decides how it ends', async () => {
  await writeFile(
    join(folder, 'wait.ts'),
    `process.on('SIGTERM', () => { console.log('told to end'); process.exit(5); });
     setInterval(() => {}, 1000); console.log('ready');`,
  );
  const run = bootstrap('wait.ts');
  run.stdout.once('data', () => run.kill('SIGTERM'));
  const { exitCode, stdout } = await run;
  expect(stdout).toContain('told to end');
  expect(exitCode).toBe(5);
});

// A checkout in small: the engine's own files beside a package.json with one local package.
async function smallCheckout(): Promise<void> {
  await cp(join(root, 'engine'), join(folder, 'engine'), { recursive: true });
  await mkdir(join(folder, 'tiny'));
  await writeFile(join(folder, 'tiny/package.json'), '{ "name": "tiny", "version": "1.0.0" }');
  await write('package.json', { ...small, scripts: { postinstall: 'echo installed >> installs' } });
  await write('package-lock.json', {
    ...small,
    lockfileVersion: 3,
    requires: true,
    packages: { '': small, 'node_modules/tiny': { resolved: 'tiny', link: true }, tiny: { version: '1.0.0' } },
  });
}

const small = { name: 'small', version: '1.0.0', dependencies: { tiny: 'file:tiny' } };
const write = (file: string, content: unknown) => writeFile(join(folder, file), JSON.stringify(content));
const installs = async () => (await readFile(join(folder, 'installs'), 'utf8')).trim().split('\n').length;
const dependencies = () =>
  execa(
    process.execPath,
    [
      '-e',
      `Promise.all([import('./engine/dependencies.mjs'), import('./engine/failure.mjs')])
      .then(([it, failure]) => it.ensureDependencies().catch(failure.exitWith))`,
    ],
    { cwd: folder, reject: false, all: true, env: { C1_STATE_DIR: join(folder, '.c1') } },
  );

test('npm ci runs once for two at once, again when the lock file changes, and never without need', async () => {
  await smallCheckout();
  const both = await Promise.all([dependencies(), dependencies()]);
  expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(await installs()).toBe(1);
  await dependencies();
  expect(await installs()).toBe(1);
  const lock = join(folder, 'package-lock.json');
  await writeFile(lock, (await readFile(lock, 'utf8')).replaceAll('"1.0.0"', '"1.0.1"'));
  await writeFile(join(folder, 'tiny/package.json'), '{ "name": "tiny", "version": "1.0.1" }');
  await rm(join(folder, 'node_modules/.package-lock.json'));
  expect((await dependencies()).exitCode).toBe(0);
  expect(await installs()).toBe(2);
}, 40_000);

test('a failed npm ci says what was seen, what was expected and what to run', async () => {
  await smallCheckout();
  await write('package.json', { ...small, dependencies: { tiny: 'file:tiny', other: 'file:other' } });
  const { exitCode, all } = await dependencies();
  expect(exitCode).toBe(1);
  // On a slow machine npm takes so long that its progress is said first.
  expect(all).toMatch(
    /^(?:engine: installing npm packages .*\n)*ERROR_ENGINE_SETUP: seen a failed npm ci [\s\S]* expected the packages of package-lock\.json\. Next: npm ci$/,
  );
}, 20_000);
