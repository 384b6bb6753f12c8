import { CommanderError } from 'commander';
import { C1Error } from '../domain/codes.ts';
import { colorsFor } from './output.ts';

/** Prints what stopped the command, in one line, and gives the exit status of its code; the stack only with --debug. */
export function reportFailure(thrown: unknown, debug: boolean): number {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
  const failure = asC1Error(thrown);
  const { red } = colorsFor(process.stderr);
  process.stderr.write(`${failure.message.replace(failure.code, red(failure.code))}\n`);
  if (debug) process.stderr.write(`${failure.stack ?? ''}\n${stackOf(failure.cause)}\n`);
  return failure.exitCode;
}

/** Whatever was thrown, as an outcome with a code. */
export function asC1Error(thrown: unknown): C1Error {
  if (thrown instanceof C1Error) return thrown;
  if (thrown instanceof CommanderError) return usageError(thrown);
  const seen = thrown instanceof Error ? thrown.message : String(thrown);
  return new C1Error('ERROR_INTERNAL', { seen: oneLine(seen), expected: 'none' }, { cause: thrown });
}

/** Commander's message may have the nearest known word in a second line. */
function usageError(thrown: CommanderError): C1Error {
  // A command that only groups others, called alone: Commander's "message" is the name of a hook.
  const isBare = thrown.code === 'commander.help';
  const seen = isBare ? 'no subcommand' : oneLine(thrown.message.replace(/^error: /, ''));
  return new C1Error('ERROR_USAGE', { seen, expected: 'what --help lists' }, { cause: thrown });
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? '') : '';
}
