import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Command, CommanderError } from 'commander';
import type { Client } from 'pg';
import type { Json } from '../../domain/canonical.ts';
import { C1Error, CODES, type Code } from '../../domain/codes.ts';
import type { Direction } from '../../domain/deltas.ts';
import { type Dot, type DotCode, dotOf } from '../../domain/dots.ts';
import { failureOf } from '../../domain/failure.ts';
import { parseClaimant, parseStep } from '../../domain/names.ts';
import { type BinFace, commandOf, plainUsage, usage } from './command.ts';
import { BEGIN_READ, type RuntimeConfig, readRuntimeConfig, withConnection } from './connection.ts';
import { kindOf, type Outcome, printOutcome } from './outcome.ts';
import { type DotProgram, type OnRequest, type RunResult, runDot, statusCommand } from './run.ts';
import { readStandardInput } from './standard-input.ts';
import { readStatus } from './status.ts';

/** Flags that every bin has (runtime.md, "Every bin"), and what a bin's own flags add. */
export interface CommonFlags {
  readonly cloud?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly debug?: boolean;
  readonly retire?: boolean;
  /** Of a bin whose answer may be longer than what Pulumi takes. */
  readonly whole?: boolean;
  readonly status?: string;
  readonly step?: string;
  readonly for?: string;
}

export interface Bin<P extends Json> extends DotProgram<P>, BinFace {
  /** Flags and standard input → payload; both must say the same. @throws C1Error ERROR_USAGE, ERROR_PAYLOAD_INVALID */
  readonly payload: (flags: Readonly<Record<string, unknown>>, stdin: unknown) => P;
  /** The version where a patched file is newer than the DOT's own. */
  readonly version?: string;
  /** What has to be had before anything is connected, such as a lock. */
  readonly before?: (flags: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Looks before anything is planned. Gives the answer where the flags only ask for one, null where the run goes on. */
  readonly inspect?: (client: Client, flags: Readonly<Record<string, unknown>>) => Promise<Json | null>;
  /** `retire`: this bin only ever retires; `apply`: it has no retire of its own; `both` adds the flag --retire. */
  readonly direction: 'apply' | 'retire' | 'both';
  /** Where other flags than --retire say that a row is retired. */
  readonly isRetire?: (flags: Readonly<Record<string, unknown>>) => boolean;
  /** What a dry run says before the rows. */
  readonly dryRunSays?: string;
  /** False where the house DOT never had a dry run; asking for one is a usage error. */
  readonly hasDryRun: boolean;
}

/** A bin that only reads: its answer is the readback. */
export interface ReadBin<A> extends BinFace {
  readonly dot: DotCode;
  /** Flags and standard input → what is asked; refuses before anything is connected. @throws C1Error */
  readonly ask: (flags: Readonly<Record<string, unknown>>) => A | Promise<A>;
  /** Runs in a transaction that only reads, of one snapshot. @throws C1Error */
  readonly read: (client: Client, asked: A) => Promise<Json>;
  /** What may follow once the answer is known, in a run of its own; null where nothing does. @throws C1Error */
  readonly act?: (client: Client, asked: A, answer: Json, onRequest: OnRequest) => Promise<RunResult | null>;
}

/** Runs one bin: parse, call, print, exit. The only place that sets the exit status; it never throws. */
export function runBin<P extends Json>(bin: Bin<P>): void {
  const known = dotOf(bin.plan.dot);
  const dot = { ...known, version: bin.version ?? known.version };
  const own = (command: Command) => {
    command.option('--step <step>', 'the step that this run belongs to, e.g. W2');
    command.option('--for <stack/resource>', 'who owns the row: the stack and the resource');
    if (bin.hasDryRun) command.option('--dry-run', 'print the rows that would change, and change nothing');
    if (bin.direction === 'both') command.option('--retire', 'walk the retire path of the same row');
    bin.flags(command);
  };
  void run(dot, { ...bin, flags: own }, (flags, current) => perform(dot, bin, flags, current));
}

export function runReadBin<A>(bin: ReadBin<A>): void {
  const dot = dotOf(bin.dot);
  void run(dot, bin, (flags, current) => answer(dot, bin, flags, current));
}

type Act = (flags: CommonFlags, current: CurrentRun) => Promise<Outcome>;

async function run(dot: Dot, face: BinFace, act: Act): Promise<void> {
  const current = new CurrentRun();
  const command = commandOf(dot, face);
  // Ctrl-C in a terminal reaches the whole process group, so that bins get it as well as the engine.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => interrupted(dot, current, signal));
  }
  try {
    command.parse();
    const flags = command.opts<CommonFlags>();
    const outcome = flags.status === undefined ? await act(flags, current) : await status(dot, flags.status);
    printOutcome(outcome, flags);
  } catch (error) {
    fail(dot, error, current, process.argv.includes('--json'), process.argv.includes('--debug'));
  }
}

/** The request that is under way, for the message of an interruption. */
class CurrentRun {
  requestId: string | null = null;

  readonly take: OnRequest = (requestId) => {
    this.requestId = requestId;
  };
}

async function perform<P extends Json>(dot: Dot, bin: Bin<P>, flags: CommonFlags, run: CurrentRun): Promise<Outcome> {
  assertCloud(flags);
  await bin.before?.({ ...flags });
  const looked = await look(dot, bin, flags);
  if (looked !== null) return looked;
  const isRetire = bin.isRetire?.({ ...flags }) ?? (bin.direction === 'retire' || flags.retire === true);
  const direction: Direction = isRetire ? 'retire' : 'apply';
  const payload = bin.payload({ ...flags }, await readStandardInput());
  const claimant = parseClaimant(flags.for ?? '');
  const input = { dot: dot.code, step: parseStep(flags.step ?? ''), direction, claimant, payload };
  const options = { dryRun: flags.dryRun === true, onRequest: run.take };
  const result = await withConnection(runtimeConfig(), dot.login, dot.bin, (client) =>
    runDot(client, bin, input, options),
  );
  const outcome = outcomeOf(dot, flags.dryRun === true ? 'dry-run' : 'real', result);
  const says = result.code === 'OK_PLANNED' ? bin.dryRunSays : undefined;
  return says === undefined ? outcome : { ...outcome, message: `${says}: ${outcome.message}` };
}

/** What the bin's own look says; null where it has none or the run goes on. */
async function look<P extends Json>(dot: Dot, bin: Bin<P>, flags: CommonFlags): Promise<Outcome | null> {
  const { inspect } = bin;
  if (inspect === undefined) return null;
  const readback = await withConnection(runtimeConfig(), dot.login, dot.bin, (client) => inspect(client, { ...flags }));
  return readback === null ? null : readOutcome(dot, readback);
}

async function answer<A>(dot: Dot, bin: ReadBin<A>, flags: CommonFlags, run: CurrentRun): Promise<Outcome> {
  assertCloud(flags);
  const asked = await bin.ask({ ...flags });
  return withConnection(runtimeConfig(), dot.login, dot.bin, async (client) => {
    await client.query(BEGIN_READ);
    const readback = await bin.read(client, asked);
    if (bin.act === undefined) return readOutcome(dot, readback);
    await client.query('commit');
    const result = await bin.act(client, asked, readback, run.take);
    return result === null ? readOutcome(dot, readback) : outcomeOf(dot, 'real', withAnswer(result, readback));
  });
}

/** What was read before is part of what a person wants to see. */
function withAnswer(result: RunResult, answer: Json): RunResult {
  return { ...result, readback: { ...Object(answer), ...Object(result.readback) } };
}

function readOutcome(dot: Dot, readback: Json): Outcome {
  return { ...blank(dot, 'OK_READ'), mode: 'read', message: CODES.OK_READ.meaning, readback };
}

function assertCloud({ cloud }: CommonFlags): void {
  if (cloud !== true) throw usage('no --cloud', '--cloud: act on the configured runtime');
}

async function status(dot: Dot, requestId: string): Promise<Outcome> {
  const readback = await withConnection(runtimeConfig(), dot.login, dot.bin, (client) => readStatus(client, requestId));
  return {
    ...blank(dot, 'OK_READ'),
    mode: 'read',
    message: STATUS_MESSAGES[readback.outcome],
    requestId,
    readback: { ...readback },
  };
}

const STATUS_MESSAGES = {
  absent: 'no such request: nothing was written; run the same command again',
  intent: 'the request was made and nothing is committed: run the same command again',
  applied: 'the request is applied and committed',
} as const;

function outcomeOf(dot: Dot, mode: Outcome['mode'], result: RunResult): Outcome {
  const rows = result.deltas.map(({ surface, key, op }) => `${op} ${surface}/${key}`);
  const message = rows.length === 0 ? CODES[result.code].meaning : rows.join(', ');
  const { deltas, readback, requestId } = result;
  return { ...blank(dot, result.code), mode, message, deltas, readback, requestId };
}

function blank(dot: Dot, code: Code): Outcome {
  const remedy = CODES[code].remedy;
  const base = { dot: dot.code, version: dot.version, mode: 'real' as const, outcome: kindOf(code), code };
  return { ...base, message: '', remedy, deltas: [], readback: null, requestId: null, label: labelOfRuntime() };
}

function fail(dot: Dot, error: unknown, run: CurrentRun, json: boolean, debug: boolean): void {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const failure = failureOf(error instanceof CommanderError ? usage(plainUsage(error), 'the flags of --help') : error);
  const base = blank(dot, failure.code);
  const outcome = { ...base, message: failure.message, remedy: failure.next, requestId: run.requestId };
  printOutcome(outcome, { json });
  if (debug) process.stderr.write(`${stacksOf(failure)}\n`);
  process.exitCode = failure.exitCode;
}

/** The stack trace of a failure and of what caused it. */
function stacksOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stacksOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

/** The transaction rolls back with the connection; if it was committing, only the journal knows. */
function interrupted(dot: Dot, { requestId }: CurrentRun, signal: string): never {
  const next = requestId === null ? 'run the same command again' : statusCommand(dot.code, requestId);
  const seen = requestId === null ? `${signal} before the first write` : `${signal} during request ${requestId}`;
  const failure = new C1Error('HOLD_OUTCOME_UNKNOWN', { seen, expected: 'the end of the run', next });
  const outcome = { ...blank(dot, failure.code), message: failure.message, remedy: next, requestId };
  printOutcome(outcome, { json: process.argv.includes('--json') });
  process.exit(failure.exitCode);
}

/** The label is wanted in failures too, and one of them is that the configuration cannot be read. */
function labelOfRuntime(): readonly string[] {
  try {
    return runtimeConfig().label;
  } catch {
    return [];
  }
}

/** The folder of runnable DOTs: the one that this bin stands in. */
export function dotFolder(): string {
  return dirname(realpathSync(process.argv[1] ?? ''));
}

export function runtimeConfig(): RuntimeConfig {
  return readRuntimeConfig(join(dotFolder(), '..', 'config', 'runtime.json'));
}
