import { COMMAND_TYPE } from '../command.ts';
import type { ResourceRule } from '../rule.ts';

/** The other order would retire the row that the replacement has just made. */
export const deleteBeforeReplace: ResourceRule = {
  name: 'delete-before-replace',
  description: 'Every command sets deleteBeforeReplace.',
  next: 'declare it through components/dot-resource.ts, which sets it',
  check: ({ type, name, deleteBeforeReplace: isSet }) =>
    type !== COMMAND_TYPE || isSet
      ? []
      : [{ seen: `${name} without deleteBeforeReplace`, expected: 'deleteBeforeReplace: true' }],
};
