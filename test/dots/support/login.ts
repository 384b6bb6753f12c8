import { digestOf, type Json } from '../../../domain/canonical.ts';
import { type Delta, deltaDigest } from '../../../domain/deltas.ts';
import { type DotCode, loginOf } from '../../../domain/dots.ts';
import type { Trial } from './trial.ts';

export interface RawRun {
  readonly step: string;
  readonly subject: string;
  readonly deltas: readonly Delta[];
  /** The gateway call that writes, and its one argument. */
  readonly write: readonly [sql: string, argument: Json];
}

/**
 * A run by hand with the login of a DOT: what a stolen password, or a bin without checks, can do at most.
 *
 * @returns `applied`, or what PostgreSQL refused with
 */
export async function asLogin(trial: Trial, dot: DotCode, run: RawRun): Promise<string> {
  const client = await (await trial.runtime.pool(loginOf(dot))).connect();
  const digest = deltaDigest({ step: run.step, direction: 'apply', deltas: run.deltas });
  const id = digestOf({ by: 'hand', digest });
  const request = { ...run, write: null, request_id: id, direction: 'apply', stack: 'trial', resource: 'by-hand' };
  const args = [dot, 'step', JSON.stringify(request), digest];
  try {
    await client.query('select iu_core.declare_run($1, $2, $3, $4)', args);
    await client.query('begin');
    await client.query('select iu_core.open_run($1, $2, $3, $4)', args);
    await client.query(run.write[0], [JSON.stringify(run.write[1])]);
    await client.query('select iu_core.close_run($1)', [id]);
    await client.query('commit');
    return 'applied';
  } catch (cause) {
    await client.query('rollback');
    return cause instanceof Error ? cause.message : String(cause);
  } finally {
    client.release();
  }
}
