import { C1Error } from '../../domain/codes.ts';
import type { Difference, PlanDocument } from '../../domain/planning/document.ts';
import { type JournalledRun, observedDifferences } from '../../domain/planning/retire-observed.ts';
import { withClient } from '../../runtime/connect.ts';
import { connectionOf, DEFAULT_READER } from '../../runtime/connection-file.ts';
import { statePaths } from '../../runtime/paths.ts';
import { pulumiOrThrow } from '../engine.ts';
import type { MadeRetire } from './make.ts';

export interface Retired {
  /** Runs that the journal has of it. */
  readonly runs: number;
  /** Where they are not the planned ones. */
  readonly differences: readonly Difference[];
}

/**
 * Walks the destroy that was planned, then asks the runtime's journal whether just that was done.
 *
 * @param onLine hears what the engine says, as it says it
 * @throws C1Error HOLD_INTERRUPTED; the first registered code that the engine's output names; ERROR_ENGINE_FAILED;
 * ERROR_READ_FAILED, ERROR_RUNTIME_UNREACHABLE when the journal does not answer
 */
export async function runRetire(
  stateDir: string,
  { document, position }: MadeRetire,
  onLine: (line: string) => void,
): Promise<Retired> {
  const wasSignalled = await destroy(document.stack, onLine);
  const runs = await runsSince(stateDir, position);
  const differences = observedDifferences(document, runs);
  // An engine that was stopped between two deletes says that all is deleted, and ends with 0: the journal knows better.
  if (wasSignalled && differences.length > 0) throw interrupted();
  return { runs: runs.length, differences };
}

/** A signal is handed on: what the engine began comes to its end first. Gives whether there was one. */
async function destroy(stack: PlanDocument['stack'], onLine: (line: string) => void): Promise<boolean> {
  const interruption = new AbortController();
  const stop = () => interruption.abort();
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    const words = ['destroy', '--stack', stack, '--yes', '--skip-preview'];
    await pulumiOrThrow(words, { onLine, signal: interruption.signal });
    return interruption.signal.aborted;
  } catch (cause) {
    throw interruption.signal.aborted ? interrupted(cause) : cause;
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

function interrupted(cause?: unknown): C1Error {
  return new C1Error('HOLD_INTERRUPTED', { seen: 'a signal during the destroy', expected: 'its end' }, { cause });
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whatever was retired since, by whomever, and every step that was written: neither may be more than what was planned. */
async function runsSince(stateDir: string, position: string): Promise<readonly JournalledRun[]> {
  const target = { ...(await connectionOf(stateDir)), login: DEFAULT_READER };
  return withClient(statePaths(stateDir), target, async (client) => {
    const { rows } = await client.query<JournalledRun>(
      `select r.step, r.stack, r.resource, r.direction, r.delta_digest,
              array(select format('%s %s/%s', d ->> 'op', d ->> 'surface', d ->> 'key')
                      from jsonb_array_elements(r.deltas) with ordinality as e (d, at) order by at) as rows
         from iu_core.dot_run r
        where r.outcome = 'applied' and r.applied_seq > $1 and (r.direction = 'retire' or r.kind = 'step')
        order by r.applied_seq`,
      [position],
    );
    return rows;
  });
}
