import { createHash } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { C1Error } from '../../domain/codes.ts';
import { type ExecutorRelease, healthAnswer, planAnswer } from '../../domain/executor.ts';
import { answerTo, wholeBody } from '../../domain/fetched.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How long one answer may take. */
const ANSWER_MS = 5_000;
const MOST_BYTES = 1024 * 1024;

/** Requests whose answers must be the same before and after a deploy, byte for byte. */
const KG_REQUESTS = [
  { dot_code: 'DOT_KG_EXPLAIN', mode: 'PLAN_ONLY' },
  { dot_code: 'DOT_KG_EXPLAIN_VERIFY', mode: 'PLAN_ONLY' },
  { dot_code: 'DOT_KG_EXPLAIN', mode: 'REAL_RUN' },
] as const;

/** Whether it answers as that very release, with a database that it can reach and does not write. */
export async function isHealthy(address: Address, { name, digest }: ExecutorRelease): Promise<boolean> {
  try {
    const { status, body } = await ask(address, 'GET', '/health');
    const found = healthAnswer.safeParse(JSON.parse(body));
    return status === 200 && found.success && found.data.release.name === name && found.data.release.digest === digest;
  } catch {
    return false;
  }
}

/**
 * SHA-256 over every KG answer: status and bytes, of a refusal status and code.
 *
 * @throws C1Error ERROR_EXECUTOR_UNHEALTHY when it does not answer
 */
export async function kgAnswers(address: Address): Promise<string> {
  const hash = createHash('sha256');
  for (const request of KG_REQUESTS) {
    const { status, body } = await dispatch(address, request);
    // A refusal names the request that it refuses: of that, status and code are what must stay.
    const said = status === 200 ? body : String(codeOf(body));
    hash.update(`${status} ${Buffer.byteLength(said)}\n${said}\n`);
  }
  return hash.digest('hex');
}

/** @throws C1Error HOLD_EXECUTOR_REGRESSION when C1 is not validated, or a REAL_RUN is not blocked */
export async function assertC1(address: Address): Promise<void> {
  const plan = await dispatch(address, { dot_code: 'DOT_C1_VOCAB_BUILD', mode: 'PLAN_ONLY' });
  if (plan.status !== 200 || !planAnswer.safeParse(jsonOf(plan.body)).success)
    throw regression('PLAN_ONLY of C1', plan);
  const real = await dispatch(address, { dot_code: 'DOT_C1_VOCAB_BUILD', mode: 'REAL_RUN' });
  if (real.status !== 403 || codeOf(real.body) !== 'C1_PROD_REAL_RUN_BLOCKED') throw regression('REAL_RUN of C1', real);
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function dispatch(address: Address, request: object): Promise<Answer> {
  try {
    return await ask(address, 'POST', '/dispatch', JSON.stringify(request));
  } catch (cause) {
    const seen = `no answer to POST /dispatch (${cause instanceof Error ? cause.message : String(cause)})`;
    throw new C1Error('ERROR_EXECUTOR_UNHEALTHY', { seen, expected: 'an answer' }, { cause });
  }
}

/** Not `fetch`, which compiles its parser's WebAssembly in each process. A redirect is an answer, and none of ours. */
async function ask({ host, port }: Address, method: string, path: string, body = ''): Promise<Answer> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    const headers = { 'content-type': 'application/json' };
    const asked = request({ host, port, method, path, headers, signal, agent: false });
    const response = await answerTo<IncomingMessage>(asked, body);
    return { status: response.statusCode ?? 0, body: (await wholeBody(response, MOST_BYTES)).toString() };
  } catch (cause) {
    throw signal.aborted ? signal.reason : cause;
  }
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function codeOf(body: string): unknown {
  const value = jsonOf(body);
  return typeof value === 'object' && value !== null && 'code' in value ? value.code : null;
}

function regression(what: string, { status, body }: Answer): C1Error {
  return new C1Error('HOLD_EXECUTOR_REGRESSION', {
    seen: `${what} answered with ${status} ${body.slice(0, 300)}`,
    expected: 'validated without a write, and REAL_RUN blocked',
  });
}
