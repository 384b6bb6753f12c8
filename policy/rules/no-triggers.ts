import type { ResourceRule } from '../rule.ts';

/** A trigger replaces: create answers NOOP, and then the old delete retires the live row. */
export const noTriggers: ResourceRule = {
  name: 'no-triggers',
  description: 'No command has triggers, which would replace it and retire its live row.',
  next: 'let the changed value be an input of the row, so that update runs',
  check: ({ name, inputs }) =>
    inputs.triggers === undefined ? [] : [{ seen: `triggers in ${name}`, expected: 'none, not even an empty list' }],
};
