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

interface Play {
  readonly tasks: readonly { readonly name: string }[];
  readonly gather_facts?: boolean;
}

test('both runbooks run the commands in order, each in its folder with its payload byte for byte, and stop at a failure', async () => {
  const folder = await mkdtemp(join(tmpdir(), "c1 runbook's-"));
  try {
    const payload = '{"a":"it\'s {{ $HOME }}"}';
    const lines = await runbookLines(folder, [
      component,
      resource('first', 'cat', payload),
      resource('second', 'cat && exit 7', null),
      resource('third', 'echo never', null),
    ]);
    const { exitCode, stdout } = await run('bash', ['-c', bashScript(lines)], { cwd: folder });
    expect([exitCode, stdout]).toEqual([7, payload]);
    const [play] = parse(playbook(lines, folder)) as [Play];
    expect(play.tasks.map(({ name }) => name)).toEqual(['1-first', '2-second', '3-third']);
    expect(play.gather_facts).toBeUndefined();
    expect(await readFile(join(folder, 'runbook', '1-first.json'), 'utf8')).toBe(payload);
  } finally {
    await rm(folder, { recursive: true });
  }
});

function resource(name: string, line: string, stdin: string | null): PlannedResource {
  return { ...component, urn: `urn:${name}`, name, command: { folder: '.', line, stdin } };
}
