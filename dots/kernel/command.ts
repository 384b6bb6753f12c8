import { Command, type CommanderError, Option } from 'commander';
import { C1Error } from '../../domain/codes.ts';
import type { Dot } from '../../domain/dots.ts';
import { LABEL_LINE } from '../../domain/label.ts';

const EXITS = 'Exit status: 0 applied, no-op or planned; 1 error; 3 HOLD; 4 REJECT; 64 usage.';

/** What every bin says of itself. */
export interface BinFace {
  readonly summary: string;
  readonly examples: readonly string[];
  /** Adds the bin's own flags. */
  readonly flags: (command: Command) => void;
}

/** The command line of a bin: what every bin takes, and its own flags. Errors are thrown, never printed. */
export function commandOf(dot: Dot, face: BinFace): Command {
  const command = new Command(dot.bin)
    .description(`${face.summary}\n\n${dot.code}. Embedded runtime: ${LABEL_LINE}.`)
    .version(`${dot.bin} ${dot.version} ${dot.code}`)
    .option('--cloud', 'act on the configured runtime')
    .option('--json', 'print the outcome as JSON on standard output even when it failed')
    .option('--status <request-id>', 'say what became of a request, and do nothing else')
    .addOption(new Option('--debug', 'print the stack trace of a failure').hideHelp());
  face.flags(command);
  refuseRepeated(command);
  // Asking for the status of a request needs none of the flags that name a row.
  const asksStatus = process.argv.some((word) => /^--status(=|$)/.test(word));
  if (asksStatus) for (const option of command.options) option.mandatory = false;
  return command
    .addHelpText(
      'after',
      `\nExamples:\n${face.examples.map((example) => `  $ ${dot.bin} ${example}`).join('\n')}\n\n${EXITS}`,
    )
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => {} })
    .exitOverride();
}

/** commander lets the last of two win, which nobody who reads the command line expects. */
function refuseRepeated(command: Command): void {
  const given = new Set<string>();
  for (const option of command.options) {
    command.on(`option:${option.name()}`, () => {
      if (given.has(option.name())) throw usage(`--${option.name()} twice`, 'each flag once');
      given.add(option.name());
    });
  }
}

export function usage(seen: string, expected: string): C1Error {
  return new C1Error('ERROR_USAGE', { seen, expected });
}

/** commander's own words without its prefix; a suggestion stands on a line of its own. */
export function plainUsage({ message }: CommanderError): string {
  return message.replace(/^error: /, '');
}
