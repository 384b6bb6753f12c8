import { COMMAND_TYPE } from '../command.ts';
import type { ResourceRule } from '../rule.ts';

/** The official plugin hangs on long logged lines, and an output of before among the inputs is an observed value. */
export const silentCommands: ResourceRule = {
  name: 'silent-commands',
  description: 'Every command has logging: none, and hands no previous output on.',
  next: 'declare it through components/dot-resource.ts, which sets both',
  check: ({ type, name, inputs: { logging, addPreviousOutputInEnv } }) => {
    if (type !== COMMAND_TYPE || (logging === 'none' && addPreviousOutputInEnv === false)) return [];
    return [
      {
        seen: `${name} with logging=${logging} and addPreviousOutputInEnv=${addPreviousOutputInEnv}`,
        expected: 'logging=none and addPreviousOutputInEnv=false',
      },
    ];
  },
};
