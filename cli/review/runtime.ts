import type { Client } from 'pg';
import { C1Error } from '../../domain/codes.ts';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { readPlanDecisions } from '../../dots/kernel/plan-approvals.ts';
import { signersOf } from '../../dots/kernel/ssh.ts';
import { engineEnvironment } from '../../engine/environment.mjs';
import type { AskedRequest, JournalEntry, Reading, RuntimeView } from '../../review/plan/runtime-view.ts';
import { withClient } from '../../runtime/connect.ts';
import { connectionOf, DEFAULT_READER } from '../../runtime/connection-file.ts';
import { type StatePaths, statePaths } from '../../runtime/paths.ts';
import { OPERATOR } from '../../runtime/stand-in-keys.ts';
import { asC1Error } from '../failure.ts';
import { assertDead, readLocks } from '../recover/locks.ts';

/** What the runtime says of a plan at this moment; what stopped the reading is said in its stead, and never thrown. */
export async function readRuntime(stateDir: string, plan: PlanDocument): Promise<Reading> {
  const at = () => new Date().toISOString();
  try {
    const view = await askRuntime(stateDir, plan);
    return { at: at(), view, fault: null };
  } catch (cause) {
    const { code, seen, next } = asC1Error(cause);
    return { at: at(), view: null, fault: `${code}: ${seen}. Next: ${next}` };
  }
}

async function askRuntime(stateDir: string, plan: PlanDocument): Promise<RuntimeView> {
  const { port, database } = await connectionOf(stateDir);
  const paths = statePaths(stateDir);
  const answer = await withClient(paths, { port, database, login: DEFAULT_READER }, async (client) => {
    await client.query(`begin isolation level repeatable read read only; set local statement_timeout = '10s'`);
    const found = { ...(await readView(client, plan)), ...(await readDecisions(client, paths, plan.stack)) };
    await client.query('commit');
    return found;
  });
  return { ...answer, engine: await isEngineAtWork(stateDir, plan.stack) };
}

async function readView(
  client: Client,
  { stack, ledger }: PlanDocument,
): Promise<Omit<RuntimeView, 'engine' | 'decisions' | 'quorum'>> {
  const target = await rows<RuntimeView['target']>(client, TARGET);
  const head = await rows<{ position: string; at: Date | null }>(client, HEAD, [ledger.head]);
  const live = await rows<{ surface: string; live: string }>(
    client,
    'select surface, live from iu_core.surface_counters()',
  );
  const { position = '0', at = null } = head[0] ?? {};
  return {
    target: target[0] ?? { system: 'unknown', database: 'unknown' },
    knows_plan: ledger.head === null || head.length > 0,
    runs: await rows<JournalEntry>(client, RUNS, [stack, position, at]),
    requests: await rows<AskedRequest>(client, REQUESTS),
    live: Object.fromEntries(live.map(({ surface, live: count }) => [surface, Number(count)])),
  };
}

/** A runtime that was never told how many have to approve asks nobody. */
async function readDecisions(client: Client, paths: StatePaths, stack: string) {
  const told = await rows<{ quorum: string | null }>(client, 'select iu_core.plan_quorum() as quorum');
  if ((told[0]?.quorum ?? null) === null) return { decisions: [], quorum: null };
  return readPlanDecisions(client, signersOf(paths.secrets), { stack, operator: OPERATOR });
}

/** As `iu_core.read_state` says it. */
const TARGET = `select (select system_identifier::text from pg_control_system()) as system,
       (select d.oid::text from pg_database d where d.datname = current_database()) as database`;

/** The entry that the plan was made on, and the run that made it; those that the runtime was installed with have none. */
const HEAD = `select coalesce(r.applied_seq, 0) as position, l.written_at as at
    from public.dot_ledger l left join iu_core.dot_run r on r.request_id = l.request_id where l.entry_hash = $1`;

const RUNS = `select step, resource, direction, outcome, delta_digest from iu_core.dot_run
   where stack = $1 and (applied_seq > $2 or (outcome = 'intent' and ($3::timestamptz is null or started_at >= $3)))
   order by applied_seq nulls last, started_at`;

const REQUESTS = `select q.apr_code, q.status, public.quorum_passed(q.apr_code) as quorum,
       (select count(*)::int from public.apr_approvals v where v.apr_code = q.apr_code and v.decision = 'approve') as approvals
    from public.apr_requests q where q.status in ('pending', 'denied') order by q.created_at, q.apr_code`;

async function rows<T extends object>(
  client: Client,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly T[]> {
  return (await client.query<T>(sql, [...values])).rows;
}

/** Null where the back end shows no lock to us. */
async function isEngineAtWork(stateDir: string, stack: string): Promise<boolean | null> {
  const locks = await readLocks(engineEnvironment({ stateDir, base: process.env }).PULUMI_BACKEND_URL ?? '', stack);
  if (locks === null) return null;
  try {
    for (const lock of locks) await assertDead(lock);
    return false;
  } catch (cause) {
    if (cause instanceof C1Error && cause.code === 'HOLD_ENGINE_ALIVE') return true;
    throw cause;
  }
}
