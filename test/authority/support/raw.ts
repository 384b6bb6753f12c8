import { randomUUID } from 'node:crypto';
import type { Client, ClientBase } from 'pg';
import { digestOf, type Json } from '../../../domain/canonical.ts';
import { type Delta, type Direction, deltaDigest } from '../../../domain/deltas.ts';
import { type DotCode, loginOf } from '../../../domain/dots.ts';
import type { GrantOrder } from '../../../domain/grant.ts';
import { grantConsume } from '../../../domain/plans/grant-consume.ts';
import { grantIssue } from '../../../domain/plans/grant-issue.ts';
import { grantMint } from '../../../domain/plans/grant-mint.ts';
import type { Plan } from '../../../domain/plans/plan.ts';
import { type GatewayCall, rowCalls } from '../../../dots/kernel/gateway.ts';
import { readSnapshot } from '../../../dots/kernel/run.ts';
import { as, outcomeOf } from '../../runtime/guards/support/attempt.ts';
import { type GrantTrial, ORDER } from './grant-trial.ts';

type Here = Pick<GrantTrial, 'runtime'>;

/** What a stolen password, or a bin without checks, can do at most: a run by hand with the login of a DOT. */
export interface RawRun {
  readonly deltas: readonly Delta[];
  /** The calls that write; the rows' own functions without it. */
  readonly calls?: readonly GatewayCall[];
  readonly kind?: string;
  readonly step?: string;
  readonly direction?: Direction;
  readonly subject?: string;
  readonly resource?: string;
  readonly stack?: string;
  /** The login that does it, where it is not the one of the DOT. */
  readonly login?: string;
  /** True where the run is to stay; else it is undone at its end, whatever came of it. */
  readonly commits?: boolean;
}

/** @returns `applied`, or the code that PostgreSQL refused with */
export function byHand(it: Here, dot: DotCode, run: RawRun): Promise<string> {
  return as(it.runtime, run.login ?? loginOf(dot), (client) => attemptRun(client, dot, run));
}

/** The same on a connection that is there. */
export async function attemptRun(client: ClientBase, dot: DotCode, run: RawRun): Promise<string> {
  const { deltas, kind = 'step', direction = 'apply', step = 'W7' } = run;
  const digest = deltaDigest({ step, direction, deltas });
  const request_id = digestOf({ id: randomUUID() });
  const own = { request_id, step, direction, stack: run.stack ?? 'trial', resource: run.resource ?? 'grant' };
  const subject = run.subject ?? subjectOf(deltas);
  const args = [dot, kind, JSON.stringify({ ...own, subject, deltas }), digest];
  try {
    await client.query('select iu_core.declare_run($1, $2, $3, $4)', args);
    await client.query('begin');
    await client.query('select iu_core.open_run($1, $2, $3, $4)', args);
    for (const { sql, args: values } of run.calls ?? rowCalls(deltas)) await client.query(sql, [...values]);
    await client.query('select iu_core.close_run($1)', [request_id]);
    await client.query(run.commits === true ? 'commit' : 'rollback');
    return 'applied';
  } catch (cause) {
    await client.query('rollback');
    return outcomeOf(cause);
  }
}

function subjectOf(deltas: readonly Delta[]): string {
  const entry = deltas.find(({ surface }) => surface === 'dot_ledger');
  const [first] = deltas;
  return entry?.key ?? (first === undefined ? 'none' : `${first.surface}/${first.key}`);
}

/** The deltas of the mint that the live request asks for, as the rows are. */
export function mintDeltas(it: GrantTrial): Promise<readonly Delta[]> {
  const payload = { authorize: 'DOT_C1_VOCAB_BUILD', order: null };
  return planned(it, 'DOT-310', async (client) =>
    grantMint.apply(await readSnapshot(client, grantMint.scope(payload)), payload, {
      stack: 'trial',
      resource: 'grant',
    }),
  );
}

/** The deltas of a proposal, as the rows are. */
export function proposalDeltas(it: GrantTrial, order: GrantOrder): Promise<readonly Delta[]> {
  return planned(it, 'DOT_C1_GRANT_ISSUE', async (client) =>
    grantIssue.apply(await readSnapshot(client, grantIssue.scope(order)), order, {
      stack: 'trial',
      resource: 'grant-request',
    }),
  );
}

/** The deltas of the one use of the grant that was minted from a request. */
export function consumeDeltas(it: Here, code: string): Promise<readonly Delta[]> {
  const payload = { auth_code: `GBA-C1-${code}`, manifest_hash: String(ORDER.manifest_hash) };
  return planned(it, 'DOT_C1_VOCAB_VERIFY', async (client) =>
    grantConsume.retire(await readSnapshot(client, grantConsume.scope(payload)), payload, {
      stack: 'trial',
      resource: 'grant',
    }),
  );
}

/** As the verifier consumes, without what its bin checks before. */
export const CONSUME = { kind: 'consume', direction: 'retire', step: 'CONSUME' } as const;

/** The grant is used. */
export async function spend(it: Here, code: string, stack = 'trial'): Promise<void> {
  const deltas = await consumeDeltas(it, code);
  const outcome = await byHand(it, 'DOT_C1_VOCAB_VERIFY', { ...CONSUME, deltas, stack, commits: true });
  if (outcome !== 'applied') throw new Error(outcome);
}

function planned(it: Here, dot: DotCode, plan: (client: Client) => Promise<Plan>): Promise<readonly Delta[]> {
  return as(it.runtime, loginOf(dot), async (client) => {
    const found = await plan(client as unknown as Client);
    if (found.kind !== 'change') throw new Error(`a plan that comes to ${found.kind}`);
    return found.deltas;
  });
}

/** The call of one row's function with another row. */
export function callWith(deltas: readonly Delta[], surface: string, change: Readonly<Record<string, Json>>) {
  return rowCalls(
    deltas.map((one) => (one.surface === surface ? { ...one, after: { ...one.after, ...change } } : one)),
  );
}
