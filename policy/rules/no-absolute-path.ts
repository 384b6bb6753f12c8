import { COMMAND_TYPE, linesOf } from '../command.ts';
import type { ResourceRule } from '../rule.ts';

/** `/…`, `~…`, `C:\…`, a file address, or a way out of the checkout; after a flag's `=` as well. */
const OUTSIDE = /(?:^|[\s=])(?:\/|~|[A-Za-z]:[\\/]|file:)|(?:^|[\s=/])\.\.(?:\/|\s|$)/;

/** A path of this machine would run the update on every other one. Inside a payload it is data of the governed host. */
export const noAbsolutePath: ResourceRule = {
  name: 'no-absolute-path',
  description: 'No command line and no folder of a command is an absolute path or leads out of the checkout.',
  next: 'write it relative to the checkout',
  check: (resource) => {
    if (resource.type !== COMMAND_TYPE) return [];
    const folder: readonly (readonly [string, string])[] = [['dir', String(resource.inputs.dir ?? '/')]];
    return [...folder, ...linesOf(resource)]
      .filter(([, text]) => OUTSIDE.test(text))
      .map(([input, text]) => ({ seen: `${input} of ${resource.name}: ${text}`, expected: 'a path in the checkout' }));
  },
};
