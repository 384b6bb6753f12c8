import { type Command, CommanderError } from 'commander';
import { failureOf } from '../../domain/failure.ts';
import { plainUsage, usage } from './command.ts';

/**
 * Runs a program that stands beside the bins and is no DOT. Where its command line is no good it says so in one line on
 * standard error, and ends with the status of the code.
 *
 * @param expected what a wrong command line should have been
 */
export function runProgram(command: Command, expected: string): void {
  try {
    command.parse();
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    fail(error instanceof CommanderError ? usage(plainUsage(error), expected) : error);
  }
}

/** The work of such a program: its answer is one line of JSON on standard output. */
export function perform(work: () => Promise<object>): void {
  work().then((answer) => void process.stdout.write(`${JSON.stringify(answer)}\n`), fail);
}

function fail(error: unknown): void {
  const failure = failureOf(error);
  process.stderr.write(`${failure.message}\n`);
  process.exitCode = failure.exitCode;
}
