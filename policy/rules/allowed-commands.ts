import { DOTS } from '../../domain/dots.ts';
import { HARDENED_NAME } from '../../domain/registrar.ts';
import { binOf, COMMAND_TYPE, linesOf } from '../command.ts';
import type { Declared, ResourceRule, Violation } from '../rule.ts';

/** The frozen birth DOTs are not among them. */
const DOT_BINS = [...DOTS.map(({ bin }) => bin), HARDENED_NAME];

/** Where each program stands. What is no DOT is allowed by name: it only reads, tries in a disposable runtime, or deploys. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  '.c1/opt/incomex/dot/bin': DOT_BINS,
  '.c1/bin': ['c1-reader', 'c1-rehearse', 'c1-evidence'],
  '.c1/opt/incomex/executor/bin': ['executor-deploy'],
};

/** Every other input could change which program it is, or what it finds. */
const INPUTS = ['create', 'update', 'delete', 'dir', 'stdin', 'logging', 'addPreviousOutputInEnv', 'triggers'];

/** One program and plain words: without a shell's own signs "starts with" says what runs. */
const PLAIN_LINE = /^[A-Za-z0-9 ._/:=,@+-]+$/;

export const allowedCommands: ResourceRule = {
  name: 'allowed-commands',
  description: 'Every command line is one allowed DOT bin in its own folder; exceptions are allowed by name.',
  next: 'call a DOT of domain/dots.ts by its relative path, through components/dot-resource.ts',
  check: (resource) => [...unknownInputs(resource), ...linesOf(resource).flatMap((line) => checkLine(resource, line))],
};

function unknownInputs({ type, name, inputs }: Declared): readonly Violation[] {
  if (type !== COMMAND_TYPE) return [];
  const unknown = Object.keys(inputs).filter((input) => !input.startsWith('__') && !INPUTS.includes(input));
  if (unknown.length === 0) return [];
  return [{ seen: `${name} with ${unknown.join(', ')}`, expected: `only ${INPUTS.slice(0, -1).join(', ')}` }];
}

function checkLine({ name, inputs }: Declared, [input, line]: readonly [string, string]): readonly Violation[] {
  const folder = String(inputs.dir);
  const allowed = PROGRAMS[folder] ?? [];
  if (!PLAIN_LINE.test(line))
    return [{ seen: `${input} of ${name}: ${line}`, expected: 'one program and plain words' }];
  if (allowed.includes(binOf(line) ?? '')) return [];
  return [{ seen: `${input} of ${name}: ${line} in ${folder}`, expected: 'an allowed DOT bin in its own folder' }];
}
