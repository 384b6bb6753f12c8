import { binOf, COMMAND_TYPE } from '../command.ts';
import type { ResourceRule } from '../rule.ts';

/** They only look, or make a package beside the runtime: there is nothing to retire. */
const READ_ONLY: readonly string[] = [
  'dot-c1-preflight',
  'dot-c1-bad-input-harness',
  'dot-c1-evidence-readback',
  'c1-evidence',
];

/** Without `update` a changed input would create again; without `delete` a row would stay when its resource goes. */
export const wholeLifecycle: ResourceRule = {
  name: 'whole-lifecycle',
  description: 'Every command has create and update, which are the same reconcile, and delete unless it is read-only.',
  next: 'declare it through components/dot-resource.ts with its retire command',
  check: ({ type, name, inputs: { create, update, delete: retire } }) => {
    if (type !== COMMAND_TYPE) return [];
    if (!isLine(create) || update !== create) {
      return [
        { seen: `${name} with create ${show(create)} and update ${show(update)}`, expected: 'one reconcile in both' },
      ];
    }
    if (isLine(retire) || READ_ONLY.includes(binOf(create) ?? '')) return [];
    return [{ seen: `${name} without delete`, expected: 'the retire path of its row' }];
  },
};

const isLine = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
const show = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value));
