import path from 'node:path';
import { expect, vi } from 'vitest';
import { readPayloadFiles } from '../../../components/input-files.ts';
import { canonicalJson, type Json } from '../../../domain/canonical.ts';
import type { ActionTypeRow } from '../../../domain/manifest.ts';
import { manifestFrom } from '../../../domain/plans/grant-content.ts';
import { LAST_STEP, stepsThrough } from '../../../domain/program.ts';
import { blankBuild } from '../../../domain/release.ts';
import { commandFor, type StepId, type StepRow } from '../../../domain/steps/step.ts';
import { actionTypeRows } from '../../../runtime/seed/authority.ts';
import type { BinResult } from '../../support/runtime.ts';
import type { Moment, Stop } from './proxy.ts';
import type { Started, Trial } from './trial.ts';

/** Steps and rows as the program declares them: the tests run the very commands that Pulumi runs. */
export const STEPS = stepsThrough(LAST_STEP, {
  ...readPayloadFiles(path.resolve(import.meta.dirname, '../../../payloads')),
  ...blankBuild(),
  binding: {
    generation: 1,
    evidence: 1,
    manifest: manifestFrom(actionTypeRows() as unknown as readonly ActionTypeRow[]),
  },
});

export const STACK = 'trial';
export const CODE = 'DOT_C1_VOCAB_BUILD';
const SLUG = 'dot-c1-vocab-build';

/** One row of each kind, in the order in which they can be made. */
export const ONE_OF_EACH = [
  'baseline',
  'species',
  `birth-${SLUG}`,
  `admission-${SLUG}`,
  `ledger-${SLUG}`,
  'schema',
  'collection',
  'table-contract',
  'manifest-function',
  'preflight-view',
  'collection-registry',
  'table-registry',
  `tool-${SLUG}`,
  ...lifeOf('dot-c1-contract-register'),
  'tool-dot-c1-contract-register',
  `contract-${SLUG}`,
] as const;

/** Two resources on one row that is there before and after: what they do depends on the tools that are live. */
export const CATALOGUE = ['catalogue-ensure', 'catalogue-sync'] as const;

/** What makes a DOT ready to be a tool. */
export function lifeOf<S extends string>(slug: S) {
  return [`birth-${slug}`, `admission-${slug}`, `ledger-${slug}`] as const;
}

export type Way = 'create' | 'retire';

export interface Owner {
  readonly stack?: string;
  readonly resource?: string;
}

export interface Invocation {
  readonly bin: string;
  readonly args: readonly string[];
  readonly stdin: string;
}

export function rowNamed(name: string): StepRow {
  const row = STEPS.flatMap((step) => step.rows).find((one) => one.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
}

export function rowsOf(step: StepId): readonly StepRow[] {
  return STEPS.find(({ id }) => id === step)?.rows ?? [];
}

/** The command line of a row as Pulumi runs it. */
export function invocation(name: string, way: Way, owner: Owner = {}): Invocation {
  const row = rowNamed(name);
  const claimant = { stack: owner.stack ?? STACK, resource: owner.resource ?? row.owner };
  const [bin = '', ...args] = commandFor(row[way], claimant).split(' ');
  return { bin, args, stdin: row.payload === null ? '' : canonicalJson(row.payload) };
}

export interface RunOptions extends Owner {
  readonly flags?: readonly string[];
  /** Standard input instead of the row's own. */
  readonly stdin?: string;
}

export function run(trial: Trial, name: string, way: Way, options: RunOptions = {}): Promise<BinResult> {
  const { bin, args, stdin } = invocation(name, way, options);
  return trial.runtime.bin(bin, [...args, ...(options.flags ?? [])], { stdin: options.stdin ?? stdin });
}

export interface Held extends Started {
  readonly stop: Stop;
}

/** Starts the bin of a row and waits until it is held at a statement. */
export function startHeld(
  trial: Trial,
  [name, way]: readonly [string, Way],
  statement: RegExp,
  options: Owner & { readonly moment?: Moment; readonly flags?: readonly string[] } = {},
): Promise<Held> {
  const { bin, args, stdin } = invocation(name, way, options);
  return heldAt(trial, [bin, [...args, ...(options.flags ?? [])], stdin], statement, options.moment ?? 'before');
}

/** Starts a bin and waits until it is held at a statement. @throws Error with what the bin said when it never gets there */
export async function heldAt(
  trial: Trial,
  [bin, args, stdin]: readonly [bin: string, args: readonly string[], stdin: string],
  statement: RegExp,
  moment: Moment,
): Promise<Held> {
  const stop = trial.proxy.stopAt(statement, moment);
  const started = trial.start(bin, args, stdin);
  const early = started.ended.then(({ stderr }) => {
    throw new Error(`${bin} ${args.join(' ')} never came to ${statement}: ${stderr}`);
  });
  try {
    await Promise.race([stop.reached, early]);
  } catch (cause) {
    stop.cancel();
    throw cause;
  } finally {
    early.catch(() => undefined);
  }
  return { ...started, stop };
}

/** Until somebody waits for a lock in the database, or the run is over without. */
export async function waitsForLock(trial: Trial, run: Promise<unknown>): Promise<void> {
  const sql = `select count(*)::int as v from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  const waits = vi.waitFor(async () => expect(await trial.value<number>(sql)).toBeGreaterThan(0), { timeout: 20_000 });
  await Promise.race([waits, run]);
  waits.catch(() => undefined);
}

/** Makes the rows named and all that stand before them. @throws Error with what the bin said when one fails */
export async function createThrough(trial: Trial, last: (typeof ONE_OF_EACH)[number]): Promise<void> {
  const until = ONE_OF_EACH.indexOf(last);
  for (const name of ONE_OF_EACH.slice(0, until + 1)) await mustRun(trial, name, 'create');
}

/** One row of each kind. */
export async function createAll(trial: Trial): Promise<void> {
  for (const name of ONE_OF_EACH) await mustRun(trial, name, 'create');
}

export async function mustRun(trial: Trial, name: string, way: Way): Promise<BinResult> {
  const result = await run(trial, name, way);
  if (result.exitCode !== 0) throw new Error(`${way} ${name}: ${result.stderr}`);
  return result;
}

/** What a bin printed as JSON. */
export interface Printed {
  readonly dot: string;
  readonly mode: string;
  readonly outcome: string;
  readonly code: string;
  readonly message: string;
  readonly deltas: readonly { readonly surface: string; readonly key: string; readonly op: string }[];
  readonly readback: Json;
  readonly requestId: string | null;
}

export function printed({ stdout }: BinResult): Printed {
  return JSON.parse(stdout) as Printed;
}

/** `CODE` of the one line on standard error. */
export function codeOf({ stderr }: BinResult): string {
  return /^([A-Z0-9_]+): /.exec(stderr)?.[1] ?? `no code in ${JSON.stringify(stderr)}`;
}

/** `CODE: seen …, expected …. Next: ….`, one line and no more. */
export const ONE_LINE = /^[A-Z][A-Z0-9_]+: seen [^\n]+, expected [^\n]+\. Next: [^\n]+\.$/;

export function failureOf(result: BinResult) {
  return {
    exitCode: result.exitCode,
    code: codeOf(result),
    stdout: result.stdout,
    oneLine: ONE_LINE.test(result.stderr),
  };
}

export function failure(exitCode: number, code: string) {
  return { exitCode, code, stdout: '', oneLine: true };
}
