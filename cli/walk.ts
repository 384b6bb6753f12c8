import { C1Error } from '../domain/codes.ts';
import type { Difference, PlanDocument } from '../domain/planning/document.ts';
import { type JournalledRun, observedDifferences } from '../domain/planning/observed.ts';
import { withClient } from '../runtime/connect.ts';
import { connectionOf, DEFAULT_READER } from '../runtime/connection-file.ts';
import { statePaths } from '../runtime/paths.ts';
import { POLICY_PACK, pulumiOrThrow } from './engine.ts';

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
    const sql = 'select coalesce(max(r.applied_seq), 0)::text as position from iu_core.dot_run r';
    const [row] = (await client.query<{ position: string }>(sql)).rows;
    if (row === undefined) throw new TypeError('no row from a select without from');
    return row.position;
  });
}

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
  const lines = differences.map(({ where, seen, expected }) => `${where}: seen ${seen}, expected ${expected}`);
  const count = `${lines.length} difference${lines.length === 1 ? '' : 's'}`;
  return new C1Error(
    'HOLD_COUNTER_DRIFT',
    { seen: `${count}: ${lines.join('; ')}`, expected: 'exactly the planned runs' },
    cause === null ? undefined : { cause },
  );
}
