import { COMMAND_TYPE } from '../command.ts';
import type { ResourceRule } from '../rule.ts';

/** Providers that may be there: one runs the DOTs, the other one only answers look-ups. */
const ENGINE_TYPES: readonly string[] = [
  'pulumi:pulumi:Stack',
  'pulumi:providers:command',
  'pulumi:providers:postgresql',
  COMMAND_TYPE,
];
const OWN_TYPE = /^c1:[a-z]+:[A-Z][A-Za-z]+$/;

/** Nothing but commands may write, and of postgresql no resource at all (architecture.md, decision 8). */
export const knownResources: ResourceRule = {
  name: 'known-resources',
  description: 'Only C1 components and commands: no postgresql resource, nothing of another provider.',
  next: 'let a DOT write the row, and declare it as a governed row of its step',
  check: ({ type, name }) => {
    if (ENGINE_TYPES.includes(type) || OWN_TYPE.test(type)) return [];
    return [{ seen: `${name} of type ${type}`, expected: `a c1 component or ${COMMAND_TYPE}` }];
  },
};
