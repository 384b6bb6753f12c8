import { flagsOf, linesOf } from '../command.ts';
import type { ResourceRule } from '../rule.ts';

const SWITCH = /^--(?:no|skip|force|ignore|disable|unsafe)(?:-|$)/;

export const noGuardSwitch: ResourceRule = {
  name: 'no-guard-switch',
  description: 'No command line switches a guard off.',
  next: 'take the switch out; what the guard holds back has a code and a remedy of its own',
  check: (resource) =>
    linesOf(resource).flatMap(([input, line]) =>
      flagsOf(line)
        .filter(([flag]) => SWITCH.test(flag))
        .map(([flag]) => ({ seen: `${flag} in ${input} of ${resource.name}`, expected: 'no --no-… guard switch' })),
    ),
};
