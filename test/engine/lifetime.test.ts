import { existsSync, readdirSync, readFileSync } from 'node:fs';
import pWaitFor from 'p-wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandProgram } from '../support/command-program.ts';
import { type Workspace, workspace } from '../support/pulumi.ts';

// Every process of a run carries the workspace's folder in its environment, so /proc shows who is left of it.
let space: Workspace;
beforeAll(async () => {
  space = await workspace(commandProgram);
}, 30_000);
afterAll(() => space?.remove());

const up = ['up', '--yes', '--skip-preview'];
const LIMIT = { timeout: 15_000, interval: 50 };

const content = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** The processes of this workspace's runs that live, with their command lines. A zombie has none. */
const left = (): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && content(`/proc/${name}/environ`).includes(`${space.stateDir}/`))
    .map((name) => content(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim())
    .filter(Boolean);

const running = (what: string) => pWaitFor(() => left().some((line) => line.includes(what)), LIMIT);
const nobody = () => pWaitFor(() => left().length === 0, LIMIT).catch(() => expect(left()).toEqual([]));

const resources = (commands: unknown) => space.write('resources.json', JSON.stringify({ resources: commands }));

// The state keeps a lock and a pending create of a killed engine; that is the back end's way, not the plugins'.
const clean = async () => {
  await space.pulumi(['cancel', '--yes']);
  await space.write('index.ts', commandProgram);
};

test('after kill -9 of the engine a command that ignores SIGTERM ends, with what it started', async () => {
  await resources({ stubborn: { create: `trap '' TERM; sh -c 'sleep 7001' & sleep 7002` } });
  const { pid, ended } = space.start(up);
  await running('sleep 7001');
  await running('sleep 7002');
  process.kill(pid, 'SIGKILL');
  await ended;
  await nobody();
  await clean();
}, 40_000);

test('after kill -9 of the engine a program that spins and a policy pack end', async () => {
  await resources({});
  await space.write('policy/PulumiPolicy.yaml', 'runtime:\n  name: nodejs\n  options: { typescript: false }\n');
  await space.write(
    'policy/package.json',
    '{ "name": "pack", "version": "0.0.1", "type": "module", "main": "index.ts" }',
  );
  await space.write(
    'policy/index.ts',
    `import { PolicyPack } from '@pulumi/policy';\nnew PolicyPack('pack', { policies: [] });`,
  );
  await space.write('index.ts', `import { writeFileSync } from 'node:fs';\nwriteFileSync('spinning', '');\nfor (;;);`);
  const { pid, ended } = space.start([...up, '--policy-pack', `${space.folder}/policy`]);
  await pWaitFor(() => existsSync(`${space.folder}/spinning`), LIMIT);
  await running('run-policy-pack');
  process.kill(pid, 'SIGKILL');
  await ended;
  await nobody();
  await clean();
}, 40_000);

test('what a command prints is shown while it runs', async () => {
  await resources({ talks: { create: 'echo said early; while [ ! -e go-on ]; do sleep 0.05; done' } });
  const { output, ended } = space.start(up);
  await pWaitFor(() => output().includes('said early'), LIMIT);
  await space.write('go-on', '');
  expect((await ended).exitCode).toBe(0);
}, 40_000);

test('cancelling ends the running command with its group, and nobody is left', async () => {
  await resources({ long: { create: 'echo began > began; sleep 7003; echo late > late' } });
  const { pid, ended } = space.start(up);
  await running('sleep 7003');
  process.kill(pid, 'SIGINT');
  const { exitCode, all } = await ended;
  expect(exitCode).not.toBe(0);
  expect(all).toContain('signal: terminated: running "echo began');
  expect(await space.read('late')).toBe('');
  await nobody();
}, 40_000);

test('a run that ends well leaves nobody', async () => {
  await resources({ quick: { create: 'true' } });
  const { exitCode, all } = await space.pulumi(up);
  expect(exitCode, all).toBe(0);
  expect(left()).toEqual([]);
}, 20_000);
