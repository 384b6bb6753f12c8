import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { PlannedResource } from '../../bench/planned-resources.ts';
import { type Ended, run } from '../../bench/process.ts';
import { bashScript, playbook, playParts, runbookParts } from '../../bench/runbook.ts';

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

test('both runbooks run the commands in order, each in its folder with its payload byte for byte, stop where a person has to act, and at a failure', async () => {
  const folder = await mkdtemp(join(tmpdir(), "c1 runbook's-"));
  try {
    const payload = '{"a":"it\'s {{ $HOME }}"}';
    const parts = await runbookParts(
      folder,
      [
        component,
        resource('first', 'cat', payload),
        resource('second', 'cat && exit 7', null),
        resource('third', 'echo never', null),
      ],
      [{ before: 'second', hold: 'HOLD_X', commands: [{ folder: '.', line: 'cat > vote', stdin: 'voted' }] }],
    );
    const ended: Ended[] = [];
    const milliseconds = await playParts(folder, parts, async (at) => {
      ended.push(await run('bash', ['-c', bashScript(parts[at]?.lines ?? [])], { cwd: folder }));
    });
    expect(ended.map(({ exitCode, stdout }) => [exitCode, stdout])).toEqual([
      [0, payload],
      [7, ''],
    ]);
    expect(milliseconds).toBeGreaterThan(0);
    expect(await readFile(join(folder, 'vote'), 'utf8')).toBe('voted');
    const plays = parts.map(({ lines }) => (parse(playbook(lines, folder)) as [Play])[0]);
    expect(plays.map(({ tasks }) => tasks.map(({ name }) => name))).toEqual([['1-first'], ['2-second', '3-third']]);
    expect(plays.map(({ gather_facts }) => gather_facts)).toEqual([undefined, undefined]);
    expect(parse(playbook([], folder, false))).toMatchObject([{ gather_facts: false }]);
    expect(await readFile(join(folder, 'runbook', '1-first.json'), 'utf8')).toBe(payload);
  } finally {
    await rm(folder, { recursive: true });
  }
});

function resource(name: string, line: string, stdin: string | null): PlannedResource {
  return { ...component, urn: `urn:${name}`, name, command: { folder: '.', line, stdin } };
}
