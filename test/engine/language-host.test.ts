import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ended, quickRuntime, type Workspace, workspace } from '../support/pulumi.ts';

let space: Workspace;
beforeAll(async () => {
  space = await workspace('', { runtime: '{ typescript: false }' });
}, 30_000);
afterAll(() => space?.remove());

const preview = async (program: string, args: readonly string[] = []): Promise<Ended> => {
  await space.write('index.ts', program);
  return space.pulumi(['preview', ...args]);
};

const runtime = (options: string): Promise<void> =>
  space.write('Pulumi.yaml', `name: trial\nmain: index.ts\nruntime:\n  name: nodejs\n  options: ${options}\n`);

test('the program knows its stack, its project, its configuration and what of it is secret', async () => {
  await space.pulumi(['config', 'set', 'plain', 'seen']);
  await space.pulumi(['config', 'set', '--secret', 'hidden', 'canary-in-config']);
  await space.pulumi(['config', 'set', 'other:key', '7']);
  const { exitCode, all } = await preview(`
    import * as pulumi from '@pulumi/pulumi';
    const config: pulumi.Config = new pulumi.Config();
    export const stack = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack(), pulumi.runtime.isDryRun()].join('/');
    export const plain = config.require('plain');
    export const other = new pulumi.Config('other').requireNumber('key');
    export const hidden = config.requireSecret('hidden').apply((value) => value.length);
    console.log(process.cwd() + ' on ' + process.version);
  `);
  expect(exitCode, all).toBe(0);
  expect(all).toContain('"organization/trial/dev/true"');
  expect(all).toMatch(/plain\s*: "seen"/);
  expect(all).toMatch(/other\s*: 7/);
  expect(all).toMatch(/hidden\s*: \[secret\]/);
  expect(all).not.toContain('canary-in-config');
  expect(all).toContain(`${space.folder} on ${process.version}`);
});

test('a RunError ends the run with its one line and without a stack trace', async () => {
  const { exitCode, all } = await preview(
    `import { RunError } from '@pulumi/pulumi';\nthrow new RunError('HOLD_SOMETHING: stop here');`,
  );
  expect(exitCode).not.toBe(0);
  expect(all).toContain('HOLD_SOMETHING: stop here');
  expect(all).not.toMatch(/non-zero exit code|\n\s+at /);
});

test('a program that ends with a code of its own is an error that names the code', async () => {
  const { exitCode, all } = await preview('process.exit(7);');
  expect(exitCode).not.toBe(0);
  expect(all).toContain('Program exited with non-zero exit code: 7');
});

test('nodeargs reach Node before the program, quotes and all', async () => {
  await runtime(`{ typescript: false, nodeargs: '--no-warnings --title="two words"' }`);
  const { all } = await preview('console.log("title <" + process.title + ">", process.execArgv.length);');
  await runtime('{ typescript: false }');
  expect(all).toContain('title <two words> 2');
});

test('with the quick SDK a stack trace names the line, and a function to serialise is refused', async () => {
  await runtime(quickRuntime);
  const thrown = await preview("const line: number = 1;\n\nthrow new Error('on line three');");
  const serialised = await preview(`
    import * as pulumi from '@pulumi/pulumi';
    await pulumi.runtime.serializeFunction(() => 1);`);
  await runtime('{ typescript: false }');
  expect(thrown.all).toMatch(/on line three\s[\s\S]*index\.ts:3:/);
  expect(serialised.exitCode).not.toBe(0);
  expect(serialised.all).toContain('functions cannot be serialised with engine/quick-sdk.cjs');
});

test('an option that the stand-in does not know is refused by name', async () => {
  await runtime('{ typescript: false, loader: x }');
  const { exitCode, all } = await preview('');
  await runtime('{ typescript: false }');
  expect(exitCode).not.toBe(0);
  expect(all).toContain('seen loader, expected only typescript, tsconfig, nodeargs, packagemanager');
});

test('about says that the language host is a stand-in', async () => {
  const { all } = await space.pulumi(['about']);
  expect(all).toContain("language host='stand-in of this project, not the official plugin'");
  expect(all).toMatch(/command\s+1\.2\.1/);
  expect(all).not.toContain('from $PATH');
});

test('what the stand-in does not implement is refused with a way out', async () => {
  const { exitCode, all } = await space.pulumi(['install']);
  expect(exitCode).not.toBe(0);
  expect(all).toContain('(stand-in) does not implement installDependencies');
  expect(all).toContain('docs/engine.md');
});

test('a resource that the command stand-in has not is refused by its type', async () => {
  const { exitCode, all } = await preview(`
    import { local, remote } from '@pulumi/command';
    new remote.Command('far', { connection: { host: 'localhost' }, create: 'true' });
  `);
  expect(exitCode).not.toBe(0);
  expect(all).toContain('seen command:remote:Command, expected command:local:Command');
});

test('an input that the command stand-in has not is refused by name', async () => {
  const { exitCode, all } = await preview(`
    import { local } from '@pulumi/command';
    new local.Command('assets', { create: 'true', assetPaths: ['*'] });
  `);
  expect(exitCode).not.toBe(0);
  expect(all).toContain("'assetPaths' is not implemented by the stand-in");
});

test('a policy pack without a compiler runs and can reject', async () => {
  await space.write(
    'policy/PulumiPolicy.yaml',
    'runtime:\n  name: nodejs\n  options: { typescript: false }\nversion: 0.0.1\n',
  );
  await space.write(
    'policy/package.json',
    '{ "name": "pack", "version": "0.0.1", "type": "module", "main": "index.ts" }',
  );
  await space.write(
    'policy/index.ts',
    `import { PolicyPack, type ResourceValidationPolicy } from '@pulumi/policy';
     const policy: ResourceValidationPolicy = {
       name: 'no-evil', description: 'no evil', enforcementLevel: 'mandatory',
       validateResource: ({ props }, report) => { if (String(props.create).includes('evil')) report('seen evil'); },
     };
     new PolicyPack('pack', { policies: [policy] });`,
  );
  const program = (create: string) =>
    `import { local } from '@pulumi/command';\nnew local.Command('c', { create: '${create}' });`;
  const args = ['--policy-pack', `${space.folder}/policy`];
  const rejected = await preview(program('evil'), args);
  expect(rejected.exitCode, rejected.all).not.toBe(0);
  expect(rejected.all).toContain('seen evil');
  const accepted = await preview(program('good'), args);
  expect(accepted.exitCode, accepted.all).toBe(0);
  expect(accepted.all).toMatch(/Policies:\s+✅ pack/);
});
