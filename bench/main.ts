import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import { C1Error } from '../domain/codes.ts';
import { LABEL_LINE } from '../domain/label.ts';
import { MEASUREMENTS } from './measurements.ts';
import { interrupt, isInterrupted } from './process.ts';
import { measureAll } from './progress.ts';
import { isGood, tableJson, tableText } from './table.ts';

interface Flags {
  readonly json?: boolean;
  readonly only?: readonly string[];
  readonly runs: number;
}

const EXAMPLES = `
Examples:
  $ npm run bench
  $ npm run bench -- --only preview
  $ npm run bench -- --only up --runs 5
  $ npm --silent run bench -- --json | jq '.rows[] | {name, compares, value, limit, result}'

Measurements:
${MEASUREMENTS.map(({ name, title }) => `  ${name.padEnd(12)}${title}`).join('\n')}

It starts a PostgreSQL of its own and leaves the checkout's runtime alone. docs/benchmarks.md says what is compared.
Exit status: 0 all measured and within the limits, 1 over a limit or not measured, 3 interrupted, 64 usage.

${LABEL_LINE}`;

const MOST_RUNS = 50;

/** `npm run bench`: measures, prints one table. Gives the exit status. */
async function main(words: readonly string[]): Promise<number> {
  const flags = parse(words);
  if (typeof flags === 'number') return flags;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  const chosen = MEASUREMENTS.filter(({ name }) => flags.only?.includes(name) ?? true);
  const rows = await measureAll(chosen, flags.runs).catch(asC1Error);
  if (isInterrupted()) return fail(new C1Error('HOLD_INTERRUPTED', INTERRUPTED));
  if (rows instanceof C1Error) return fail(rows);
  const colors = pc.createColors(process.stdout.isTTY === true && !process.env.NO_COLOR);
  const text = flags.json === true ? JSON.stringify(tableJson(rows, flags.runs)) : tableText(rows, flags.runs, colors);
  process.stdout.write(`${text}\n`);
  return isGood(rows) ? 0 : 1;
}

const INTERRUPTED = { seen: 'a signal', expected: 'the end of the measurements', next: 'npm run bench' } as const;

function parse(words: readonly string[]): Flags | number {
  const names = MEASUREMENTS.map(({ name }) => name);
  const command = new Command('npm run bench --')
    .description('Measures side by side what quality.md sets a limit to, and prints the ratios.')
    .addOption(new Option('--only <name...>', 'measure only this').choices(names))
    .addOption(new Option('--runs <n>', 'how often each side is run').default(3).argParser(runsOf))
    .option('--json', 'print one JSON document on standard output; progress goes to standard error')
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
  try {
    return command.parse(words, { from: 'user' }).opts<Flags>();
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return 0;
    const seen = thrown.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
    return fail(new C1Error('ERROR_USAGE', { seen, expected: 'what --help lists' }));
  }
}

function runsOf(text: string): number {
  const runs = Number(text);
  if (/^\d+$/.test(text) && runs >= 1 && runs <= MOST_RUNS) return runs;
  throw new InvalidArgumentError(`a whole number from 1 to ${MOST_RUNS} is expected.`);
}

/** What kept the bench from measuring anything at all. */
function asC1Error(thrown: unknown): C1Error {
  if (thrown instanceof C1Error) return thrown;
  const seen = thrown instanceof Error ? thrown.message : String(thrown);
  return new C1Error('ERROR_INTERNAL', { seen, expected: 'a PostgreSQL to measure on' }, { cause: thrown });
}

function fail({ message, exitCode }: C1Error): number {
  process.stderr.write(`${message}\n`);
  return exitCode;
}

process.exitCode = await main(process.argv.slice(2));
