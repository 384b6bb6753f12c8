import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { PlannedResource } from '../../bench/planned-resources.ts';
import { run } from '../../bench/process.ts';
import { bashScript, playbook, runbookLines } from '../../bench/runbook.ts';

const component: PlannedResource = {
  urn: 'urn:c',
  type: 'c1:x:Y',
  name: 'y',
  inputs: {},
  parent: null,
  dependencies: [],
  command: null,
};

test('both runbooks run the commands in order, each in its folder with its payload byte for byte, and stop at a failure', async () => {
  const folder = await mkdtemp(join(tmpdir(), "c1 runbook's-"));
  try {
    const payload = '{"a":"it\'s {{ $HOME }}"}';
    const lines = await runbookLines(
      folder,
      [
        component,
        resource('first', 'cat', payload),
        resource('second', 'cat && exit 7', null),
        resource('third', 'echo never', null),
      ],
      [{ before: 'second', hold: 'HOLD_X', commands: [{ folder: '.', line: 'printf , && cat', stdin: 'voted' }] }],
    );
    const ended = await run('bash', ['-c', bashScript(lines)], { cwd: folder });
    expect(ended).toMatchObject({ exitCode: 7, stdout: `${payload},voted` });
    const [play] = parse(playbook(lines, folder)) as [{ tasks: { name: string }[] }];
    expect(play.tasks.map(({ name }) => name)).toEqual(['1-first', '2-second-interlude-1', '3-second', '4-third']);
    expect(await readFile(join(folder, 'runbook', '1-first.json'), 'utf8')).toBe(payload);
  } finally {
    await rm(folder, { recursive: true });
  }
});

function resource(name: string, line: string, stdin: string | null): PlannedResource {
  return { ...component, urn: `urn:${name}`, name, command: { folder: '.', line, stdin } };
}
