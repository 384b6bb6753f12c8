import { type IncomingMessage, request } from 'node:http';
import type { Client } from 'pg';
import * as z from 'zod/mini';
import { C1Error, CODES, isCode } from '../../domain/codes.ts';
import type { DotCode } from '../../domain/dots.ts';
import { EXECUTOR_ENDPOINT } from '../../domain/executor.ts';
import { failureParts } from '../../domain/failure.ts';
import { answerTo, fetchFault, wholeBody } from '../../domain/fetched.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';
import '../../domain/english.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import { callGateway } from '../kernel/gateway.ts';

/** Far above any answer of C1; not more is read. */
const LARGEST = 256 * 1024;

export interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
}

/** `endpoint_ref` of a contract; null where it has none, or is not there. */
export function readEndpoint(client: Client, code: DotCode): Promise<string | null> {
  const sql = 'select (select c.endpoint_ref from public.dot_agent_api_contract c where c.dot_code = $1) as answer';
  return callGateway<string | null>(client, { sql, args: [code] });
}

/**
 * Sends a request to the executor that the contract names.
 *
 * @param endpoint `endpoint_ref` of the contract
 * @param body of POST /dispatch, exactly as it goes over the wire; null for GET /health
 * @throws C1Error ERROR_EXECUTOR_UNHEALTHY without a whole answer; HOLD_DRIFT for another endpoint than the contract of C1 has
 */
export async function askExecutor(
  config: RuntimeConfig,
  endpoint: string | null,
  body: string | null,
): Promise<Answer> {
  const url = addressOf(config, endpoint);
  const limitMs = config.limits.executor;
  const signal = AbortSignal.timeout(limitMs);
  try {
    // Not `fetch`, which compiles its parser's WebAssembly in each process (measured: half of a bin's time). What was
    // signed goes to the endpoint of the contract and to nobody else: no redirect is followed.
    const asked = request(body === null ? new URL('/health', url) : url, {
      method: body === null ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', 'accept-encoding': 'identity' },
      signal,
      agent: false,
    });
    const response = await answerTo<IncomingMessage>(asked, body ?? '');
    return { status: response.statusCode ?? 0, bytes: await wholeBody(response, LARGEST) };
  } catch (cause) {
    const fault = signal.aborted ? signal.reason : cause;
    throw unhealthy(`no whole answer (${fetchFault(fault)})`, `one within ${limitMs} ms`, fault);
  }
}

/** The literal of the contract; where the runtime maps its host name, the address that it is mapped to. */
function addressOf({ executor }: RuntimeConfig, endpoint: string | null): string {
  if (endpoint !== EXECUTOR_ENDPOINT) {
    const seen = `endpoint_ref ${JSON.stringify(endpoint)} of the contract`;
    throw new C1Error('HOLD_DRIFT', { seen, expected: EXECUTOR_ENDPOINT });
  }
  if (executor === undefined) return endpoint;
  if (executor === null) throw unhealthy('a runtime without an executor', 'one that its start brought');
  const url = new URL(endpoint);
  url.host = `${executor.host}:${executor.port}`;
  return url.href;
}

export function jsonOf(bytes: Buffer): unknown {
  try {
    return parseJsonStrictly(bytes);
  } catch (cause) {
    const seen = cause instanceof C1Error ? cause.seen : String(cause);
    throw unhealthy(`an answer that is ${seen}`, 'one JSON object', cause);
  }
}

const refusal = z.strictObject({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  request_id: z.string(),
  label: z.array(z.string()),
});

/** The executor's refusal, in its own words. What says that all is well is none. */
export function refused(status: number, value: unknown): C1Error {
  const parsed = refusal.safeParse(value);
  if (!parsed.success) return unhealthy(`status ${status} with ${problemsOf(parsed.error)}`, 'an answer or a refusal');
  const { code, message, remedy } = parsed.data;
  if (!isCode(code) || ['OK', 'NOOP'].includes(CODES[code].kind)) {
    return unhealthy(`status ${status} with the code ${JSON.stringify(code)}`, 'a code that refuses');
  }
  // A message that was cut short on its way is shown as it is.
  const { seen, expected } = failureParts(message) ?? { seen: message, expected: 'what the executor takes' };
  return new C1Error(code, { seen, expected, next: remedy });
}

export function unhealthy(seen: string, expected: string, cause?: unknown): C1Error {
  const next = 'npx c1 runtime status, then npx c1 runtime start';
  return new C1Error('ERROR_EXECUTOR_UNHEALTHY', { seen: `${seen} from the executor`, expected, next }, { cause });
}

export function problemsOf({ issues }: z.core.$ZodError): string {
  return issues.map(({ path, message }) => `${path.map(String).join('.') || 'body'}: ${message}`).join('; ');
}
