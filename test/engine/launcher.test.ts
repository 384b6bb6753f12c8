import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureEngine } from '../../engine/ensure.mjs';
import { engineEnvironment } from '../../engine/environment.mjs';
import { root, stateFolder } from '../../engine/root.mjs';

let folder: string;
let stateDir: string;

beforeEach(async () => {
  await ensureEngine();
  folder = await realpath(await mkdtemp(join(tmpdir(), 'c1 launcher-')));
  stateDir = join(folder, 'state');
  await mkdir(stateDir);
  await symlink(join(stateFolder(), 'pulumi'), join(stateDir, 'pulumi'));
  await writeFile(join(folder, 'Pulumi.yaml'), 'name: trial\nruntime: yaml\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pulumi = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  execa(process.execPath, [join(root, 'engine/launcher.mjs'), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, C1_STATE_DIR: stateDir, ...env },
    extendEnv: false,
    reject: false,
    all: true,
  });

test('plain pulumi works from nothing and its exit code comes through', async () => {
  const version = await pulumi(['version']);
  expect(version.exitCode).toBe(0);
  expect(version.all).toMatch(/^v3\.\d+\.\d+$/);
  expect((await pulumi(['stack', 'init', 'dev'])).exitCode).toBe(0);
  expect((await pulumi(['stack', 'ls', '--json'])).stdout).toContain('"dev"');
  expect((await pulumi(['no-such-command'])).exitCode).not.toBe(0);
});

test('the passphrase is made once, for the owner alone, and never printed', async () => {
  const before = await pulumi(['stack', 'init', 'dev']);
  const file = join(stateDir, 'secrets/passphrase');
  const passphrase = await readFile(file, 'utf8');
  expect(passphrase).toHaveLength(43);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(stateDir, 'secrets'))).mode & 0o777).toBe(0o700);
  await pulumi(['config', 'set', '--secret', 'key', 'value', '--stack', 'dev']);
  expect(await readFile(file, 'utf8')).toBe(passphrase);
  expect(before.all).not.toContain(passphrase);
});

test('a stack of another project is refused before anything runs', async () => {
  for (const flag of [
    ['--stack', 'organization/other/vps'],
    ['-s=organization/other/vps'],
    ['-sorganization/other/vps'],
  ]) {
    const { exitCode, all } = await pulumi(['preview', ...flag]);
    expect(exitCode).toBe(64);
    expect(all).toMatch(/^ERROR_STACK_OTHER_PROJECT: seen .*other.* expected a stack of trial\. Next: .*vps/);
  }
  expect((await pulumi(['stack', 'init', 'organization/trial/dev'])).exitCode).toBe(0);
  expect((await pulumi(['stack', '--stack', 'organization/trial/dev'])).exitCode).toBe(0);
});

test('a command without a stack, or with an unknown one, says which there are and what to run', async () => {
  const none = await pulumi(['preview', '--non-interactive']);
  expect(none.exitCode).not.toBe(0);
  expect(none.stderr).toContain(
    'ERROR_STACK_UNKNOWN: seen no stack expected a stack. Next: npx pulumi stack init dryrun',
  );
  await pulumi(['stack', 'init', 'dev', '--no-select']);
  const unknown = await pulumi(['--stack', 'nope', 'up', '--non-interactive']);
  expect(unknown.exitCode).not.toBe(0);
  expect(unknown.stderr).toContain(
    'ERROR_STACK_UNKNOWN: seen the stack nope expected one of dev. Next: npx pulumi up --stack dev',
  );
  expect((await pulumi(['stack', 'output'])).stderr).toContain(
    'ERROR_STACK_UNKNOWN: seen no stack expected one of dev',
  );
  expect((await pulumi(['stack', 'select', 'nope'])).stderr).not.toContain('ERROR_STACK_UNKNOWN');
  await pulumi(['stack', 'select', 'dev']);
  expect((await pulumi(['config'])).all).not.toContain('ERROR_STACK_UNKNOWN');
  expect((await pulumi(['config', 'get', 'absent'])).all).not.toContain('ERROR_STACK_UNKNOWN');
});

test('an engine that was never set up is an error that names the setup', async () => {
  const { exitCode, all } = await pulumi(['preview'], { C1_STATE_DIR: join(folder, 'empty') });
  expect(exitCode).toBe(1);
  expect(all).toMatch(/^ERROR_ENGINE_SETUP: seen no pulumi CLI .* Next: npm run setup$/);
});

test('a state folder that cannot be used is said in one line, without a stack trace', async () => {
  await writeFile(join(stateDir, 'pulumi-state'), '');
  const { exitCode, all } = await pulumi(['stack', 'ls']);
  expect(exitCode).toBe(1);
  expect(all).toMatch(/^ERROR_ENGINE_SETUP: seen "EEXIST: .*pulumi-state.*" expected .* Next: .*$/);
});

test("npm's install script of a plugin is left to the setup", async () => {
  const env = { npm_lifecycle_event: 'install', C1_STATE_DIR: join(folder, 'empty') };
  const { exitCode, all } = await pulumi(['plugin', 'install', 'resource', 'command', '1.2.1'], env);
  expect([exitCode, all]).toEqual([0, '']);
});

test("the user's own back end and passphrase win, and a shared back end gets no passphrase of ours", () => {
  const own = { PULUMI_BACKEND_URL: 'file:///elsewhere', PULUMI_CONFIG_PASSPHRASE: 'x' };
  expect(engineEnvironment({ stateDir, base: own })).not.toHaveProperty('PULUMI_CONFIG_PASSPHRASE_FILE');
  expect(engineEnvironment({ stateDir, base: own }).PULUMI_BACKEND_URL).toBe('file:///elsewhere');
  const shared = engineEnvironment({ stateDir, base: { PULUMI_BACKEND_URL: 's3://team' } });
  expect(shared).not.toHaveProperty('PULUMI_CONFIG_PASSPHRASE_FILE');
  expect(existsSync(join(stateDir, 'secrets'))).toBe(false);
  expect(engineEnvironment({ stateDir, base: {} })).toHaveProperty('PULUMI_CONFIG_PASSPHRASE_FILE');
});

test("the reader's connection is in the environment once the runtime has written it", async () => {
  expect(engineEnvironment({ stateDir, base: {} })).not.toHaveProperty('PGHOST');
  await mkdir(join(stateDir, 'secrets'), { recursive: true });
  await writeFile(join(stateDir, 'secrets/auditor_ro'), 'hush\n');
  await writeFile(
    join(stateDir, 'connection.json'),
    JSON.stringify({
      host: '127.0.0.1',
      port: 5433,
      database: 'directus',
      reader: 'auditor_ro',
      readerPasswordFile: 'secrets/auditor_ro',
    }),
  );
  expect(engineEnvironment({ stateDir, base: {} })).toMatchObject({
    PGHOST: '127.0.0.1',
    PGPORT: '5433',
    PGDATABASE: 'directus',
    PGUSER: 'auditor_ro',
    PGPASSWORD: 'hush',
    PGSSLMODE: 'disable',
  });
});

test('the policy pack is the choice of whoever asks for it, because it costs half a preview', () => {
  expect(engineEnvironment({ stateDir, base: {} })).not.toHaveProperty('PULUMI_OPTION_POLICY_PACK');
});
