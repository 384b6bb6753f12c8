import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import type { Json } from '../../domain/canonical.ts';
import { C1Error, CODES, type Code } from '../../domain/codes.ts';
import type { Direction } from '../../domain/deltas.ts';
import { type Dot, dotOf } from '../../domain/dots.ts';
import { parseClaimant, parseStep } from '../../domain/names.ts';
import { type RuntimeConfig, readRuntimeConfig, withConnection } from './connection.ts';
import { failureOf, kindOf, type Outcome, printOutcome } from './outcome.ts';

import { type DotProgram, type RunResult, runDot } from './run.ts';
import { readStandardInput } from './standard-input.ts';
import { readStatus } from './status.ts';

/** Flags that every bin has (runtime.md, "Every bin"), and what a bin's own flags add. */
export interface CommonFlags {
  readonly cloud?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly debug?: boolean;
  readonly retire?: boolean;
  readonly status?: string;
  readonly step?: string;
  readonly for?: string;
}

export interface Bin<P extends Json> extends DotProgram<P> {
  readonly summary: string;
  readonly examples: readonly string[];
  /** Adds the bin's own flags. */
  readonly flags: (command: Command) => void;
  /** Flags and standard input → payload; both must say the same. @throws C1Error ERROR_USAGE, ERROR_PAYLOAD_INVALID */
  readonly payload: (flags: Readonly<Record<string, unknown>>, stdin: unknown) => P;
  /** `retire`: this bin only ever retires; `apply`: it has no retire of its own; `both` adds the flag --retire. */
  readonly direction: 'apply' | 'retire' | 'both';
  /** False where the house DOT never had a dry run; asking for one is a usage error. */
  readonly hasDryRun: boolean;
}

/** Runs one bin: parse, call, print, exit. The only place that sets the exit status; it never throws. */
export function runBin<P extends Json>(bin: Bin<P>): void {
  void run(bin);
}

async function run<P extends Json>(bin: Bin<P>): Promise<void> {
  const dot = dotOf(bin.plan.dot);
  const current = new CurrentRun();
  const command = commandOf(dot, bin);
  process.once('SIGTERM', () => interrupted(dot, current));
  try {
    command.parse();
    const flags = command.opts<CommonFlags>();
    const outcome =
      flags.status === undefined ? await perform(dot, bin, flags, current) : await status(dot, flags.status);
    printOutcome(outcome, flags.json === true);
  } catch (error) {
    fail(dot, error, current, process.argv.includes('--json'), process.argv.includes('--debug'));
  }
}

/** The request that is under way, for the message of an interruption. */
class CurrentRun {
  requestId: string | null = null;
}

async function perform<P extends Json>(dot: Dot, bin: Bin<P>, flags: CommonFlags, run: CurrentRun): Promise<Outcome> {
  if (flags.cloud !== true) throw usage('no --cloud', '--cloud: act on the configured runtime');
  const direction: Direction = bin.direction === 'retire' || flags.retire === true ? 'retire' : 'apply';
  const payload = bin.payload({ ...flags }, readStandardInput());
  const claimant = parseClaimant(flags.for ?? '');
  const input = { dot: dot.code, step: parseStep(flags.step ?? ''), direction, claimant, payload };
  const options = {
    dryRun: flags.dryRun === true,
    onRequest: (requestId: string) => {
      run.requestId = requestId;
    },
  };
  const result = await withConnection(runtimeConfig(), dot.login, dot.bin, (client) =>
    runDot(client, bin, input, options),
  );
  return outcomeOf(dot, flags.dryRun === true ? 'dry-run' : 'real', result);
}

async function status(dot: Dot, requestId: string): Promise<Outcome> {
  const readback = await withConnection(runtimeConfig(), dot.login, dot.bin, (client) => readStatus(client, requestId));
  return {
    ...blank(dot, 'OK_READ'),
    mode: 'read',
    message: `request ${requestId} is ${readback.outcome}`,
    requestId,
    readback: { ...readback },
  };
}

function outcomeOf(dot: Dot, mode: Outcome['mode'], result: RunResult): Outcome {
  const rows = result.deltas.map(({ surface, key, op }) => `${op} ${surface}/${key}`);
  const message = rows.length === 0 ? CODES[result.code].meaning : rows.join(', ');
  const { deltas, readback, requestId } = result;
  return { ...blank(dot, result.code), mode, message, deltas, readback, requestId };
}

function blank(dot: Dot, code: Code): Outcome {
  const remedy = CODES[code].remedy;
  const base = { dot: dot.code, version: dot.version, mode: 'real' as const, outcome: kindOf(code), code };
  return { ...base, message: '', remedy, deltas: [], readback: null, requestId: null };
}

function fail(dot: Dot, error: unknown, run: CurrentRun, json: boolean, debug: boolean): void {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const failure = error instanceof CommanderError ? usage(error.message, 'the flags of --help') : failureOf(error);
  const base = blank(dot, failure.code);
  const outcome = { ...base, message: failure.message, remedy: failure.next, requestId: run.requestId };
  printOutcome(outcome, json);
  if (debug) process.stderr.write(`${failure.stack ?? ''}\n${String(failure.cause ?? '')}\n`);
  process.exitCode = failure.exitCode;
}

/** The transaction rolls back with the connection; if it was committing, only the journal knows. */
function interrupted(dot: Dot, run: CurrentRun): never {
  const next = run.requestId === null ? 'run the same command again' : `${dot.bin} --status ${run.requestId}`;
  const failure = new C1Error('HOLD_OUTCOME_UNKNOWN', { seen: 'SIGTERM', expected: 'the end of the run', next });
  printOutcome(
    { ...blank(dot, failure.code), message: failure.message, remedy: next, requestId: run.requestId },
    false,
  );
  process.exit(failure.exitCode);
}

function commandOf<P extends Json>(dot: Dot, bin: Bin<P>): Command {
  const command = new Command(dot.bin)
    .description(`${bin.summary}\n\n${dot.code}. Embedded runtime: LOCAL_STAGING_NOT_SSOT NOT_GOVERNED_RUNTIME.`)
    .version(`${dot.bin} ${dot.version} ${dot.code}`)
    .option('--cloud', 'act on the configured runtime')
    .option('--step <step>', 'the step that this run belongs to, e.g. W2')
    .option('--for <stack/resource>', 'who owns the row: the stack and the resource')
    .option('--json', 'print the outcome as JSON on standard output even when it failed')
    .option('--status <request-id>', 'say what became of a request, and do nothing else')
    .addOption(new Option('--debug', 'print the stack trace of a failure').hideHelp());
  if (bin.hasDryRun) command.option('--dry-run', 'print the rows that would change, and change nothing');
  if (bin.direction === 'both') command.option('--retire', 'walk the retire path of the same row');
  // Asking for the status of a request needs none of the flags that name a row.
  if (process.argv.includes('--status')) command.allowUnknownOption();
  else bin.flags(command);
  return command
    .addHelpText('after', `\nExamples:\n${bin.examples.map((example) => `  $ ${dot.bin} ${example}`).join('\n')}`)
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => {} })
    .exitOverride();
}

export function usage(seen: string, expected: string): C1Error {
  return new C1Error('ERROR_USAGE', { seen, expected });
}

function runtimeConfig(): RuntimeConfig {
  return readRuntimeConfig(join(dirname(realpathSync(process.argv[1] ?? '')), '..', 'config', 'runtime.json'));
}
