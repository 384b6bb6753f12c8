import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandProgram } from '../support/command-program.ts';
import { type Ended, type Resource, type Workspace, workspace } from '../support/pulumi.ts';

// One engine run shows many facts, so the runs are made once and each test reads one fact.
let space: Workspace;
const runs: Record<string, Ended> = {};
const states: Record<string, ReadonlyMap<string, Resource>> = {};
const logs: Record<string, readonly string[]> = {};

const note = (text: string): string => `echo "${text}" >> log`;

const first = {
  resources: {
    plain: {
      create: `${note('plain create')}; printf 'out\\n\\n'; printf 'err\\n' >&2`,
      delete: note('plain delete 1'),
    },
    input: { create: 'cat; echo "$WORD"; pwd', stdin: 'fed\n', environment: { WORD: 'from environment' }, dir: 'sub' },
    piped: { create: 'yes | head -1' },
    bytes: { create: "printf 'a\\377b'" },
    node: { create: 'console.log(6 * 7)', interpreter: ['node', '-e'] },
    secret: { create: 'echo "$KEY"', environment: { KEY: { $secret: 'canary-in-environment' } }, logging: 'none' },
    loud: { create: 'echo loud-out; echo loud-err >&2' },
    outOnly: { create: 'echo only-out; echo not-err >&2', logging: 'stdout' },
    silent: { create: 'echo silent-out; echo silent-err >&2', logging: 'none' },
    updated: { create: note('updated create'), update: note('updated update 1') },
    created: { create: 'echo "created $PULUMI_COMMAND_STDOUT" | tee -a log' },
    idle: { delete: note('idle delete') },
    triggered: { create: note('triggered create'), delete: note('triggered delete'), triggers: ['a'] },
    quiet: { create: 'echo before', update: 'echo "[$PULUMI_COMMAND_STDOUT]"', addPreviousOutputInEnv: false },
    removed: { create: 'echo kept', delete: 'echo "removed delete, was $PULUMI_COMMAND_STDOUT" >> log' },
  },
  runs: { asked: { command: 'cat; echo "asked $A" >> log', stdin: 'question', environment: { A: 'run' } } },
};

const { removed: _removed, ...kept } = first.resources;
const second = {
  resources: {
    ...kept,
    plain: { ...kept.plain, delete: note('plain delete 2') },
    updated: { ...kept.updated, update: note('updated update 2') },
    created: { create: 'echo "created again, was $PULUMI_COMMAND_STDOUT" | tee -a log' },
    idle: { delete: note('idle delete 2') },
    triggered: { ...kept.triggered, triggers: ['b'] },
    quiet: { ...kept.quiet, stdin: 'x' },
  },
};

const third = {
  resources: {
    ...second.resources,
    nowhere: { create: 'true', dir: 'nowhere' },
    floods: { create: 'head -c 20000000 /dev/zero | base64 -w 0; exit 4', logging: 'none' },
    fails: { create: 'echo to-out; echo to-err >&2; exit 3', delete: note('fails delete') },
    updated: { ...kept.updated, update: 'echo failing update >&2; false' },
  },
};

async function run(name: string, args: readonly string[], resources: unknown): Promise<void> {
  await space.write('resources.json', JSON.stringify(resources));
  await space.write('log', '');
  runs[name] = await space.pulumi(args);
  const all = await space.resources();
  states[name] = new Map(all.map((resource) => [resource.urn.split('::').at(-1) ?? '', resource]));
  logs[name] = (await space.read('log')).split('\n').filter(Boolean);
}

const up = ['up', '--yes', '--skip-preview', '--suppress-outputs'];
const of = (run: string, resource: string): Resource => {
  const found = states[run]?.get(resource);
  if (found === undefined) throw new Error(`no ${resource} in the state after ${run}: ${runs[run]?.all}`);
  return found;
};

beforeAll(async () => {
  space = await workspace(commandProgram);
  await space.write('sub/file', '');
  await run('preview', ['preview'], first);
  await run('up', up, first);
  await run('same', ['preview', '--expect-no-changes'], first);
  await run('refresh', ['refresh', '--yes', '--skip-preview'], first);
  await run('diff', ['preview', '--diff', '--json'], second);
  await run('update', up, second);
  await run('failure', [...up, '--continue-on-error'], third);
  await run('destroy', ['destroy', '--yes', '--skip-preview'], third);
}, 60_000);

afterAll(() => space?.remove());

test('a preview runs no command and keeps the output unknown', () => {
  expect(runs.preview?.exitCode).toBe(0);
  expect(logs.preview).toEqual(['asked run']);
  expect(runs.preview?.all).toMatch(/plain\s*: \{\s*stderr: \[unknown\]\s*stdout: \[unknown\]/);
  expect(runs.preview?.all).toMatch(/asked\s*: \{\s*stderr: ""\s*stdout: "question"/);
});

test('create runs the command and drops one trailing newline, no more', () => {
  expect(runs.up?.exitCode).toBe(0);
  expect(logs.up).toContain('plain create');
  expect(of('up', 'plain').outputs).toMatchObject({ stdout: 'out\n', stderr: 'err' });
  expect(of('up', 'plain').id).toMatch(/^plain[0-9a-f]{8}$/);
});

test('the command gets its stdin, its environment and its folder', () => {
  expect(of('up', 'input').outputs.stdout).toBe(`fed\nfrom environment\n${space.folder}/sub`);
});

test('the interpreter takes the command as its last argument', () => {
  expect(of('up', 'node').outputs.stdout).toBe('42');
});

test('a command of a pipeline ends with its reader, as in any shell, and nothing is said of it', () => {
  expect(of('up', 'piped').outputs).toMatchObject({ stdout: 'y', stderr: '' });
});

test('what is no text is kept as far as it is one', () => {
  expect(of('up', 'bytes').outputs.stdout).toBe('a\uFFFDb');
});

test('a folder that is not there is named, and a failure of any length is shown without its middle', () => {
  expect(runs.failure?.all).toContain('chdir nowhere: no such file or directory: running "true":');
  expect(runs.failure?.all).toContain('exit status 4: running "head -c 20000000 /dev/zero | base64 -w 0; exit 4":');
  expect(runs.failure?.all).toMatch(/\(\d+ bytes left out\)/);
});

test('a secret input stays secret and makes the output secret', () => {
  const { inputs, outputs } = of('up', 'secret');
  expect(JSON.stringify([inputs, outputs, runs.up?.all])).not.toContain('canary-in-environment');
  expect(outputs.stdout).toHaveProperty('ciphertext');
  expect(of('up', 'plain').outputs.stdout).toBeTypeOf('string');
});

test('logging shows the streams that it names and never changes what is captured', () => {
  const shown = runs.up?.all ?? '';
  for (const line of ['loud-out', 'loud-err', 'only-out']) expect(shown).toContain(line);
  for (const line of ['not-err', 'silent-out', 'silent-err']) expect(shown).not.toContain(line);
  expect(of('up', 'silent').outputs).toMatchObject({ stdout: 'silent-out', stderr: 'silent-err' });
});

test('a resource without create is made and runs nothing', () => {
  expect(of('up', 'idle').outputs).toMatchObject({ stdout: '', stderr: '' });
});

test('the run function runs in preview and in update and gives its output', async () => {
  expect(logs.up).toContain('asked run');
  expect(of('up', 'trial-dev').outputs).toMatchObject({ outputs: { asked: { stdout: 'question' } } });
});

test('the same program again changes nothing', () => {
  expect(runs.same?.all).not.toContain('error');
  expect(runs.same?.exitCode).toBe(0);
});

test('refresh gives the state back as it is', () => {
  expect(runs.refresh?.exitCode).toBe(0);
  expect(of('refresh', 'plain').outputs).toEqual(of('up', 'plain').outputs);
});

test('a changed input updates and a changed trigger replaces', () => {
  const { steps } = JSON.parse(runs.diff?.stdout ?? '') as {
    steps: { op: string; urn: string; detailedDiff?: object; replaceReasons?: string[] }[];
  };
  const ops = (name: string) => steps.filter(({ urn }) => urn.endsWith(`::${name}`)).map(({ op }) => op);
  expect(ops('plain')).toEqual(['update']);
  expect(ops('loud')).toEqual([]);
  expect(ops('removed')).toEqual(['delete']);
  expect(ops('triggered')).toEqual(['replace']);
  const replaced = steps.find(({ urn }) => urn.endsWith('::triggered'));
  expect(replaced?.detailedDiff).toEqual({ 'triggers[0]': { kind: 'update-replace', inputDiff: true } });
});

test('update runs the update command, else create again, with the previous output in the environment', () => {
  expect(logs.update).toContain('updated update 2');
  expect(logs.update).not.toContain('updated create');
  expect(logs.update).toContain('created again, was created ');
  expect(of('update', 'created').outputs.stdout).toBe('created again, was created ');
});

test('a changed delete text runs an update too, and create where there is no update', () => {
  expect(logs.update).toContain('plain create');
  expect(logs.update).not.toContain('plain delete 1');
});

test('the previous output stays out of the environment when it is not wanted', () => {
  expect(of('update', 'quiet').outputs.stdout).toBe('[]');
});

test('an update without update and create keeps the output and takes the new text', () => {
  expect(of('update', 'idle').outputs).toMatchObject({ stdout: '', delete: note('idle delete 2') });
});

test('a replace creates anew and then deletes what was', () => {
  const both = logs.update?.filter((line) => line.startsWith('triggered'));
  expect(both).toEqual(['triggered create', 'triggered delete']);
});

test('a resource that left the program is deleted with the command and the output of the state', () => {
  expect(logs.update).toContain('removed delete, was kept');
  expect(states.update?.has('removed')).toBe(false);
});

test('a failed create leaves no state and names the command, its end and both streams', () => {
  expect(runs.failure?.exitCode).not.toBe(0);
  expect(states.failure?.has('fails')).toBe(false);
  expect(runs.failure?.all).toContain('exit status 3: running "echo to-out; echo to-err >&2; exit 3":');
  // By two pipes: which of them is read first is nobody's to say.
  expect(runs.failure?.all).toMatch(/exit 3":\s+to-(?:out\s+to-err|err\s+to-out)/);
});

test('a failed update keeps the old state', () => {
  expect(runs.failure?.all).toContain('exit status 1: running "echo failing update >&2; false":');
  expect(of('failure', 'updated').inputs).toEqual(of('update', 'updated').inputs);
});

test('destroy runs each delete that is in the state and nothing else', () => {
  expect(runs.destroy?.exitCode).toBe(0);
  expect(logs.destroy?.toSorted()).toEqual(['idle delete 2', 'plain delete 2', 'triggered delete']);
  expect(states.destroy?.size).toBe(0);
});
