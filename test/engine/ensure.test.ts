import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import pWaitFor from 'p-wait-for';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../../engine/root.mjs';

// The tools that a setup calls are stood in for by scripts, so that each way is seen without a network or a build.
let folder: string;
let bin: string;
const LIMIT = { timeout: 20_000, interval: 50 };
const NOBODY = 'http://127.0.0.1:1/';

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'c1 ensure-')));
  bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await symlink(process.execPath, join(bin, 'node'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function script(file: string, body: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}

/** A Go that notes what it builds, and waits with it until the gate is open. It writes into the folder after `-o`. */
const fakeGo = (version = 'go1.26.0') =>
  script(
    join(bin, 'go'),
    `if [ "$1" = env ]; then echo ${version}; exit; fi
while [ "$1" != -o ]; do shift; done
into="$2"; shift 2
for package; do basename "$package" >> "${folder}/builds"; done
while [ ! -e "${folder}/gate" ]; do sleep 0.05; done
for package; do
  file="$into/$(basename "$package")"
  printf '#!/bin/sh\\necho v3.259.0\\n' > "$file"; chmod 755 "$file"
done`,
  );

const openGate = () => writeFile(join(folder, 'gate'), '');
const PLUGINS = ['pulumi-resource-command', 'pulumi-resource-postgresql'];
const ALL = ['pulumi', ...PLUGINS];

/** What has been built so far, in that order. */
const builds = async () =>
  existsSync(join(folder, 'builds')) ? (await readFile(join(folder, 'builds'), 'utf8')).trim().split('\n') : [];

function setUp(options: { state?: string; args?: string[]; env?: NodeJS.ProcessEnv; path?: string } = {}) {
  return execa(process.execPath, [join(root, 'engine/bootstrap.mjs'), ...(options.args ?? [])], {
    env: {
      HOME: join(folder, 'home'),
      XDG_CACHE_HOME: join(folder, 'cache'),
      C1_STATE_DIR: join(folder, options.state ?? 'state'),
      C1_DOWNLOADS: NOBODY,
      PATH: options.path ?? `${join(root, 'node_modules/.bin')}:${bin}:/usr/bin:/bin`,
      ...options.env,
    },
    extendEnv: false,
    reject: false,
    all: true,
  });
}

const report = async (state = 'state') => JSON.parse(await readFile(join(folder, state, 'pulumi/engine.json'), 'utf8'));

test('two checkouts at once build everything once, and the second says that it waits', async () => {
  await fakeGo();
  const [first, second] = [setUp({ state: 'one' }), setUp({ state: 'two' })];
  const said = { text: '' };
  for (const run of [first, second]) run.stderr.on('data', (chunk) => (said.text += chunk));
  await pWaitFor(() => said.text.includes('waiting for another process: building the pulumi CLI'), LIMIT);
  await openGate();
  const ended = await Promise.all([first, second]);
  expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(await builds()).toEqual(ALL);
  expect((await report('one')).cli).toEqual({ way: 'kit', version: 'v3.259.0' });
  expect((await report('two')).languageHost.way).toBe('stand-in');
}, 40_000);

test('the lock of a dead process is taken over, and half a build is never seen', async () => {
  await fakeGo();
  const killed = setUp();
  await pWaitFor(async () => (await builds()).length === 1, LIMIT);
  killed.kill('SIGKILL');
  await killed;
  await openGate();
  const { exitCode, all } = await setUp();
  expect(exitCode, all).toBe(0);
  expect(await builds()).toEqual(['pulumi', ...ALL]);
}, 40_000);

test('a second run decides nothing anew, and a lost build is made again', async () => {
  await fakeGo();
  await openGate();
  await setUp();
  const warm = await setUp({ env: { C1_DOWNLOADS: 'not even a URL' } });
  expect(warm.all).toBe(
    'pulumi v3.259.0 (kit), language host (stand-in), command 1.2.1 (stand-in), postgresql 3.18.1 (stand-in)',
  );
  await rm(join(folder, 'cache'), { recursive: true });
  expect((await setUp()).exitCode).toBe(0);
  expect(await builds()).toEqual([...ALL, ...ALL]);
  const cache = join(folder, 'cache/c1-target-state/engine');
  const [plugins = ''] = (await readdir(cache)).filter((name) => name.startsWith('plugins-'));
  await rm(join(cache, plugins, 'pulumi-resource-command'));
  expect((await setUp()).exitCode).toBe(0);
  expect(await builds()).toEqual([...ALL, ...ALL, ...PLUGINS]);
}, 40_000);

test('each plugin is in a folder of its own, since the CLI passes over a link, and no automatic log is kept', async () => {
  await fakeGo();
  await openGate();
  const home = join(folder, 'state/pulumi');
  const official = join(folder, 'somewhere/resource-command');
  const logs = join(home, 'logs');
  await mkdir(official, { recursive: true });
  await mkdir(join(home, 'plugins'), { recursive: true });
  await symlink(official, join(home, 'plugins/resource-command-v1.2.1'));
  await mkdir(logs);
  await writeFile(join(logs, 'of-a-run.log'), '');
  expect((await setUp()).exitCode).toBe(0);
  for (const [name, version] of [
    ['command', '1.2.1'],
    ['postgresql', '3.18.1'],
  ]) {
    const plugin = join(home, `plugins/resource-${name}-v${version}`);
    expect((await lstat(plugin)).isDirectory(), name).toBe(true);
    expect((await lstat(join(plugin, `pulumi-resource-${name}`))).isSymbolicLink(), name).toBe(true);
  }
  expect(await readdir(official)).toEqual([]);
  expect((await lstat(logs)).isFile()).toBe(true);

  await rm(logs);
  await mkdir(logs);
  expect((await setUp()).exitCode).toBe(0);
  expect((await lstat(logs)).isFile()).toBe(true);
}, 40_000);

test('without Go and without a CLI the failure says what is there, what is needed and what to do', async () => {
  const { exitCode, all } = await setUp({ path: bin });
  expect(exitCode).toBe(1);
  expect(all).toMatch(
    /^ERROR_ENGINE_SETUP: seen no Go on PATH .* expected Go 1\.25 or newer.*\. Next: .*npm run setup$/,
  );
  await fakeGo('go1.24.9');
  expect((await setUp({ path: bin })).all).toMatch(/seen Go go1\.24\.9 expected Go 1\.25/);
}, 20_000);

test('an official CLI on PATH is taken with its host when it is new enough, and each plugin by itself', async () => {
  const official = join(folder, 'official');
  await script(join(official, 'pulumi'), 'echo v3.300.0');
  await script(join(official, 'pulumi-language-nodejs'), '');
  const plugin = join(folder, 'home/.pulumi/plugins/resource-command-v1.2.1/pulumi-resource-command');
  await script(plugin, 'echo official');
  const path = `${join(root, 'node_modules/.bin')}:${official}:${bin}:/usr/bin:/bin`;
  const refused = await setUp({ path });
  expect(refused.exitCode).toBe(1);
  expect(refused.all).toMatch(
    /seen no Go on PATH and no official plugins expected Go 1\.25 .*official plugins installed/,
  );
  await fakeGo();
  await openGate();
  const { exitCode, all } = await setUp({ path });
  expect(exitCode, all).toBe(0);
  expect(await report()).toMatchObject({
    cli: { way: 'installed', version: 'v3.300.0' },
    languageHost: { way: 'installed' },
    plugins: { command: { way: 'installed' }, postgresql: { way: 'stand-in' } },
  });
  expect(await realpath(join(folder, 'state/pulumi/plugins/resource-command-v1.2.1/pulumi-resource-command'))).toBe(
    plugin,
  );
  expect(await builds()).toEqual(PLUGINS);
  expect(await readFile(plugin, 'utf8')).toContain('echo official');

  await script(join(official, 'pulumi'), 'echo v3.100.0');
  await rm(dirname(plugin), { recursive: true });
  expect((await setUp({ path, args: ['--again'] })).exitCode).toBe(0);
  expect(await report()).toMatchObject({ cli: { way: 'kit' }, plugins: { command: { way: 'stand-in' } } });
}, 40_000);

test('downloads that answer are used for the CLI, its host and the plugins', async () => {
  const server = await listen(createServer((_request, response) => response.end()));
  await script(
    join(bin, 'npx'),
    `home="$PULUMI_HOME/versions/3.259.0/bin"; mkdir -p "$home"; touch "$home/pulumi-language-nodejs"
printf '#!/bin/sh\\nf="$PULUMI_HOME/plugins/resource-$4-v$5"; mkdir -p "$f"; touch "$f/pulumi-resource-$4"\\n' > "$home/pulumi"
chmod 755 "$home/pulumi"`,
  );
  // The vendor's npm package is called by name: only our script may answer to it.
  const { exitCode, all } = await setUp({ env: { C1_DOWNLOADS: server.url }, path: `${bin}:/usr/bin:/bin` });
  server.close();
  expect(exitCode, all).toBe(0);
  expect(await report()).toMatchObject({
    cli: { way: 'official' },
    languageHost: { way: 'official' },
    plugins: { command: { way: 'official' }, postgresql: { way: 'official' } },
  });
}, 20_000);

test('downloads that never answer are given up, remembered, and asked again only on request', async () => {
  await fakeGo();
  await openGate();
  let asked = 0;
  const silent = await listen(
    createServer(() => {
      asked += 1;
    }),
  );
  const env = { C1_DOWNLOADS: silent.url };
  expect((await setUp({ env })).exitCode).toBe(0);
  expect(asked).toBe(1);
  await rm(join(folder, 'state'), { recursive: true });
  expect((await setUp({ env })).exitCode).toBe(0);
  expect(asked).toBe(1);
  expect((await setUp({ env, args: ['--again'] })).exitCode).toBe(0);
  expect(asked).toBe(2);
  silent.close();
}, 40_000);

async function listen(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}
