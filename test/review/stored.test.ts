import { describe, expect, test } from 'vitest';
import { storedStack } from '../../review/plan/stored.ts';

const urn = (name: string, type = 'command:local:Command') => `urn:pulumi:dryrun::c1::c1:step:X$${type}::${name}`;

interface Given {
  readonly needs?: readonly string[];
  readonly retire?: string;
  readonly stdin?: string;
}

function command(name: string, { needs = [], retire, stdin }: Given = {}) {
  return {
    urn: urn(name),
    type: 'command:local:Command',
    parent: urn(name, 'c1:species:Species'),
    dependencies: needs.map((one) => urn(one)),
    inputs: { create: `./dot-x --cloud --step W2 --for dryrun/${name}`, delete: retire, stdin },
  };
}

const owned = (name: string, more: Given = {}) =>
  command(name, { retire: `./dot-x --cloud --step W2 --retire --for dryrun/${name}`, ...more });
const looks = (name: string, needs: readonly string[], step = 'W2') =>
  command(name, { needs, retire: `./c1-reader retired --step ${step}` });
const component = (name: string) => ({ urn: urn(name, 'c1:species:Species'), type: 'c1:species:Species' });

const STATE = [
  { urn: urn('c1-dryrun', 'pulumi:pulumi:Stack'), type: 'pulumi:pulumi:Stack' },
  looks('w2-open', []),
  component('species'),
  owned('species', { needs: ['w2-open'], stdin: '{"code":"x"}' }),
  component('birth-b'),
  owned('birth-b', { needs: ['w2-open', 'species'] }),
  component('birth-a'),
  owned('birth-a', { needs: ['species', 'w2-open'] }),
  command('asked', { needs: ['w2-open'] }),
  looks('w2-gate', ['species', 'birth-a', 'birth-b', 'asked']),
];

const unread = expect.objectContaining({ code: 'ERROR_READ_FAILED' });

describe('what a destroy walks', () => {
  test('is what nothing left depends on, by name, whatever order the state has', () => {
    const { rows, steps, resources } = storedStack(STATE);
    expect(rows.map(({ name }) => name)).toEqual(['birth-a', 'birth-b', 'species']);
    expect(storedStack(STATE.toReversed()).rows).toEqual(rows);
    expect(steps).toEqual(['W2']);
    expect(resources).toHaveLength(STATE.length - 1);
    expect(resources[0]).toEqual({ type: 'command:local:Command', name: 'asked' });
  });

  test('has for each row who owns it, what is run, for which step, and what goes before', () => {
    const { rows } = storedStack(STATE);
    expect(rows.at(-1)).toEqual({
      ...{ type: 'c1:species:Species', name: 'species', stack: 'dryrun', owner: 'species', step: 'W2' },
      create: 'dot-x --cloud --step W2 --for dryrun/species',
      retire: 'dot-x --cloud --step W2 --retire --for dryrun/species',
      payload: { code: 'x' },
      after: ['birth-a', 'birth-b'],
    });
  });

  test('is nothing where the state is empty, and a stop where it is not whole', () => {
    expect(storedStack([])).toEqual({ resources: [], rows: [], steps: [] });
    for (const broken of [
      null,
      [{ type: 'command:local:Command' }],
      [looks('w2-open', [], 'W12')],
      [owned('species', { retire: './dot-x --retire --for dryrun/species' })],
      [owned('species', { stdin: '{' })],
      [owned('a', { needs: ['b'] }), owned('b', { needs: ['a'] })],
    ]) {
      expect(() => storedStack(broken), JSON.stringify(broken)).toThrow(unread);
    }
    expect(storedStack(STATE).rows).toHaveLength(3);
  });
});
