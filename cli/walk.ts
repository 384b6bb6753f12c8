import { C1Error, type Code } from '../domain/codes.ts';
import type { Difference, PlanDocument } from '../domain/planning/document.ts';
import { type JournalledRun, observedDifferences } from '../domain/planning/observed.ts';
import { one } from '../dots/reader/read-state.ts';
import { counted, differencesText, isSettled } from '../review/plan/summary.ts';
import { withClient } from '../runtime/connect.ts';
import { connectionOf, DEFAULT_READER } from '../runtime/connection-file.ts';
import { statePaths } from '../runtime/paths.ts';
import { POLICY_PACK, pulumiOrThrow } from './engine.ts';
import { printAnswer } from './output.ts';

/** A plan, and since when what the journal says is its doing. */
export interface MadePlan {
  readonly document: PlanDocument;
  /** Of the last run that was applied before the plan. */
  readonly position: string;
}

export interface Walked {
  /** Runs that the journal has of it. */
  readonly runs: number;
  /** What the engine printed. */
  readonly stdout: string;
}

export interface WalkOptions {
  /** Hears what the engine says, as it says it. */
  readonly onLine: (line: string) => void;
  /** Ends the walk as a signal does. */
  readonly signal?: AbortSignal;
}

/**
 * Walks what was planned, an `up` or a destroy, then asks the runtime's journal whether just that was done (review.md,
 * "After up"). What stopped half-way may have done less, and nothing else.
 *
 * @throws C1Error HOLD_COUNTER_DRIFT naming each run that is missing, one too many or another; HOLD_INTERRUPTED; the first
 * registered code that the engine's output names; ERROR_ENGINE_FAILED; ERROR_READ_FAILED, ERROR_RUNTIME_UNREACHABLE when
 * the journal does not answer
 */
export async function walkPlan(
  stateDir: string,
  { document, position }: MadePlan,
  options: WalkOptions,
): Promise<Walked> {
  const { stdout, cause, wasSignalled } = await run(document, options);
  const runs = await runsSince(stateDir, position);
  const isWhole = cause === null && !wasSignalled;
  const differences = observedDifferences(document, runs, isWhole ? 'whole' : 'begun');
  if (differences.length > 0) throw notJust(differences, cause);
  if (cause !== null) throw cause;
  // An engine that was stopped between two resources says that all is done, and ends with 0: the journal knows better.
  if (wasSignalled && observedDifferences(document, runs, 'whole').length > 0) throw interrupted(document, null);
  return { runs: runs.length, stdout };
}

export interface Said {
  readonly code: Code;
  readonly done: string;
  readonly nothing: string;
}

/** Walks a plan and prints what came of it. With --json standard output is for the answer alone. @throws C1Error as `walkPlan` */
export async function walkAloud(
  stateDir: string,
  made: MadePlan,
  json: boolean,
  { code, done, nothing }: Said,
): Promise<void> {
  const { plan_digest, stack } = made.document;
  if (isSettled(made.document)) {
    return printAnswer({ text: [nothing], json: { code: 'NOOP_NOTHING_TO_DO', stack, plan_digest, runs: 0 } }, json);
  }
  const hears = json ? process.stderr : process.stdout;
  const { runs } = await walkPlan(stateDir, made, { onLine: (line) => void hears.write(`${line}\n`) });
  const text = [`${done}: ${counted(runs, 'run')}, exactly those that were planned`];
  await printAnswer({ text, json: { code, stack, plan_digest, runs } }, json);
}

interface Ended {
  readonly stdout: string;
  /** What stopped it; null where the engine says that it came to its end. */
  readonly cause: unknown;
  readonly wasSignalled: boolean;
}

const COMMANDS = { apply: 'up', retire: 'destroy' } as const;

/** A signal is handed on: what the engine began comes to its end first. */
async function run(document: PlanDocument, { onLine, signal }: WalkOptions): Promise<Ended> {
  const interruption = new AbortController();
  const stop = () => interruption.abort();
  for (const name of SIGNALS) process.on(name, stop);
  signal?.addEventListener('abort', stop);
  try {
    const rules = document.direction === 'apply' ? ['--policy-pack', POLICY_PACK] : [];
    const words = [COMMANDS[document.direction], '--stack', document.stack, '--yes', '--skip-preview', ...rules];
    const { stdout } = await pulumiOrThrow(words, { onLine, signal: interruption.signal });
    return { stdout, cause: null, wasSignalled: interruption.signal.aborted };
  } catch (cause) {
    const wasSignalled = interruption.signal.aborted;
    return { stdout: '', cause: wasSignalled ? interrupted(document, cause) : cause, wasSignalled };
  } finally {
    signal?.removeEventListener('abort', stop);
    for (const name of SIGNALS) process.off(name, stop);
  }
}

function interrupted({ direction }: PlanDocument, cause: unknown): C1Error {
  const seen = `a signal during the ${COMMANDS[direction]}`;
  return new C1Error('HOLD_INTERRUPTED', { seen, expected: 'its end' }, cause === null ? undefined : { cause });
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Of the last applied run. */
export async function journalPosition(stateDir: string): Promise<string> {
  const target = { ...(await connectionOf(stateDir)), login: DEFAULT_READER };
  return withClient(statePaths(stateDir), target, async (client) => {
    return (await one<{ position: string }>(client, POSITION)).position;
  });
}

export const POSITION = 'select coalesce(max(r.applied_seq), 0)::text as position from iu_core.dot_run r';

/** Whatever was written since, by whomever, votes apart: none of it may be more than what was planned. */
async function runsSince(stateDir: string, position: string): Promise<readonly JournalledRun[]> {
  const target = { ...(await connectionOf(stateDir)), login: DEFAULT_READER };
  return withClient(statePaths(stateDir), target, async (client) => {
    const { rows } = await client.query<JournalledRun>(
      `select r.step, r.stack, r.resource, r.direction, r.delta_digest,
              array(select format('%s %s/%s', d ->> 'op', d ->> 'surface', d ->> 'key')
                      from jsonb_array_elements(r.deltas) with ordinality as e (d, at) order by at) as rows
         from iu_core.dot_run r
        where r.outcome = 'applied' and r.applied_seq > $1 and (r.direction = 'retire' or r.kind <> 'vote')
        order by r.applied_seq`,
      [position],
    );
    return rows;
  });
}

/** It is over; what it did beside, or left, is for a person to look at. All of it is named. */
function notJust(differences: readonly Difference[], cause: unknown): C1Error {
  return new C1Error(
    'HOLD_COUNTER_DRIFT',
    { seen: differencesText(differences), expected: 'exactly the planned runs' },
    cause === null ? undefined : { cause },
  );
}
