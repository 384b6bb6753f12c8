import type { Client } from 'pg';
import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import type { DecisionState } from '../../domain/decision/reads.ts';
import type { DotCode } from '../../domain/dots.ts';
import { planAnswer } from '../../domain/executor.ts';
import {
  type BadInput,
  goodRoutes,
  type Half,
  type Route,
  type Scene,
  sceneOf,
} from '../../domain/readiness/bad-input.ts';
import { type Answered, type CaseResult, judge } from '../../domain/readiness/harness.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import { databaseError } from '../kernel/database-errors.ts';
import { askExecutor, jsonOf, readEndpoint, refused, unhealthy } from '../vocab/endpoint.ts';
import { explain } from '../vocab/explain.ts';
import { passGate, readState } from '../vocab/state.ts';

interface Routes {
  readonly client: Client;
  readonly config: RuntimeConfig;
  readonly endpoint: string | null;
  readonly state: DecisionState;
}

/**
 * Sends both halves of each case down its routes. Writes nothing: the executor and the gate only read, and `--explain`'s
 * own code decides on what is supposed.
 *
 * @param client in a transaction that only reads
 * @throws C1Error as `judge`; as `readState`
 */
export async function runCases(
  client: Client,
  config: RuntimeConfig,
  cases: readonly BadInput[],
): Promise<readonly CaseResult[]> {
  const state = await readState(client);
  const endpoint = await readEndpoint(client, 'DOT_C1_VOCAB_BUILD');
  const scene = sceneOf(state);
  const results: CaseResult[] = [];
  for (const one of cases) results.push(await runCase({ client, config, endpoint, state }, one, scene));
  return results;
}

async function runCase(by: Routes, one: BadInput, scene: Scene): Promise<CaseResult> {
  const bad: Answered[] = [];
  for (const half of one.bad(scene)) for (const route of one.routes) bad.push(await send(by, route, half));
  const half = one.good(scene);
  const good: Answered[] = [];
  for (const route of goodRoutes(one, half, scene)) good.push(await send(by, route, half));
  return judge(one, bad, good);
}

/** What was answered, whichever it is; only what is no answer at all is thrown. */
async function send(by: Routes, route: Route, half: Half): Promise<Answered> {
  try {
    return { route, code: null, text: await SENDERS[route](by, half) };
  } catch (cause) {
    if (!(cause instanceof Refused) && !(cause instanceof C1Error)) throw cause;
    const { code } = cause instanceof Refused ? cause.refusal : cause;
    return { route, code, text: cause instanceof Refused ? cause.text : cause.message };
  }
}

const acceptance = z.pick(planAnswer, { validated: true, writes_db: true });

const SENDERS: Readonly<Record<Route, (by: Routes, half: Half) => Promise<string>>> = {
  executor: async ({ config, endpoint }, { asked, text }) => {
    const { status, bytes } = await askExecutor(config, endpoint, text ?? JSON.stringify(asked));
    const said = bytes.toString('utf8');
    const value = jsonOf(bytes);
    if (status !== 200) throw new Refused(refused(status, value), said);
    // Anything but a plain acceptance is none.
    if (acceptance.safeParse(value).success) return said;
    throw unhealthy('status 200 without validated:true, writes_db:false', 'an acceptance');
  },
  dispatcher: async ({ client }, { asked: { dot_code, mode, ...request } }) => {
    await client.query('savepoint harness');
    try {
      return JSON.stringify(await passGate(client, dot_code as DotCode, String(mode), request));
    } catch (cause) {
      throw databaseError(cause);
    } finally {
      await client.query('rollback to savepoint harness');
    }
  },
  explain: async ({ state }, { asked, grant, facts }) =>
    JSON.stringify(
      explain(state, { asked, ...(grant === undefined ? {} : { grant }), ...(facts === undefined ? {} : { facts }) }),
    ),
};

/** A refusal with every byte of it: what it must not give away may stand anywhere. */
class Refused extends Error {
  readonly refusal: C1Error;
  readonly text: string;

  constructor(refusal: C1Error, text: string) {
    super(refusal.message, { cause: refusal });
    this.refusal = refusal;
    this.text = text;
  }
}
