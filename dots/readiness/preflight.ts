import type { Client } from 'pg';
import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import { healthAnswer, planAnswer } from '../../domain/executor.ts';
import { C1_OBJECTS, C1_PREFLIGHT_VIEW, sourceSha256 } from '../../domain/objects.ts';
import {
  EXECUTOR_EXPECTED,
  type PreflightCheck,
  preflightCheck,
  surfaceMissing,
} from '../../domain/readiness/preflight.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import { callGateway } from '../kernel/gateway.ts';
import { assertExecutor } from '../reader/executor.ts';
import { askExecutor, jsonOf, problemsOf, readEndpoint, refused, unhealthy } from '../vocab/endpoint.ts';

const BUILD = 'DOT_C1_VOCAB_BUILD';

const VIEW_READ = `select (select o.detail ->> 'source_sha256' from iu_core.v_schema_object o
  where o.kind = 'view' and o.name = '${C1_PREFLIGHT_VIEW}') as answer`;
const CHECKS_READ = `select jsonb_agg(to_jsonb(v) order by v.number) as answer from ${C1_PREFLIGHT_VIEW} v`;

/**
 * Checks 1–7, of the snapshot that the connection is in.
 *
 * @throws C1Error HOLD_PREFLIGHT_NOT_READY without the view; HOLD_DRIFT when it is not the view that W3 made, whose answer
 * would be worth nothing; ERROR_READ_FAILED
 */
export async function readChecks(client: Client): Promise<readonly PreflightCheck[]> {
  assertView(await callGateway<string | null>(client, { sql: VIEW_READ, args: [] }));
  const answer = await callGateway<unknown>(client, { sql: CHECKS_READ, args: [] });
  const parsed = z.array(preflightCheck).safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new C1Error('ERROR_READ_FAILED', { seen: z.prettifyError(parsed.error), expected: 'the checks of the view' });
}

function assertView(seen: string | null): void {
  if (seen === null) throw surfaceMissing(`no ${C1_PREFLIGHT_VIEW}`);
  const made = C1_OBJECTS.find(({ name }) => name === C1_PREFLIGHT_VIEW);
  if (made !== undefined && seen === sourceSha256(made)) return;
  throw new C1Error('HOLD_DRIFT', { seen: `${C1_PREFLIGHT_VIEW} as somebody else made it`, expected: 'as W3 made it' });
}

/**
 * Check 8: the deploy's own look at the release in use (whole, healthy, C1 validated, REAL_RUN blocked, KG as before),
 * then the address that a dry run will be sent to. Whatever stops it is its evidence.
 */
export async function checkExecutor(client: Client, config: RuntimeConfig, folder: string): Promise<PreflightCheck> {
  const check = { number: 8, name: 'executor', expected: EXECUTOR_EXPECTED };
  try {
    const looked = await assertExecutor(folder, config.limits.answer);
    const endpoint = await readEndpoint(client, BUILD);
    const release = await askHealth(config, endpoint);
    await askPlan(config, endpoint);
    const seen = `${release} healthy, writes_db:false, PLAN_ONLY validated, KG unchanged; ${looked + 2} things looked at`;
    return { ...check, ok: true, seen };
  } catch (cause) {
    if (!(cause instanceof C1Error)) throw cause;
    return { ...check, ok: false, seen: `${cause.code}: ${cause.seen}, expected ${cause.expected}` };
  }
}

async function askHealth(config: RuntimeConfig, endpoint: string | null): Promise<string> {
  const { status, bytes } = await askExecutor(config, endpoint, null);
  const parsed = healthAnswer.safeParse(jsonOf(bytes));
  if (status === 200 && parsed.success) return parsed.data.release.name;
  const problems = parsed.success ? '' : ` with ${problemsOf(parsed.error)}`;
  throw unhealthy(`status ${status}${problems}`, 'health with writes_db:false');
}

async function askPlan(config: RuntimeConfig, endpoint: string | null): Promise<void> {
  const { status, bytes } = await askExecutor(config, endpoint, JSON.stringify({ dot_code: BUILD, mode: 'PLAN_ONLY' }));
  const value = jsonOf(bytes);
  if (status !== 200) throw refused(status, value);
  const parsed = planAnswer.safeParse(value);
  if (!parsed.success) throw unhealthy(`PLAN_ONLY with ${problemsOf(parsed.error)}`, 'validated, without a write');
}
