import * as z from 'zod/mini';
import { sameJson } from '../../domain/canonical.ts';
import { C1Error, CODES, isCode } from '../../domain/codes.ts';
import { type DryRunAnswer, dryRunAnswer } from '../../domain/dry-run.ts';
import { EXECUTOR_ENDPOINT } from '../../domain/executor.ts';
import { failureParts } from '../../domain/failure.ts';
import { fetchFault, wholeBody } from '../../domain/fetched.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';
import '../../domain/english.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import type { AskedOfDot } from './request.ts';

/** Far above any answer of C1; not more is read. */
const LARGEST = 256 * 1024;

/**
 * Has the executor make a dry run.
 *
 * @param endpoint `endpoint_ref` of the contract
 * @param asked the whole request, authorizations included; whether they hold is the executor's to say
 * @throws C1Error the executor's own refusal; ERROR_EXECUTOR_UNHEALTHY for anything but a refusal and a whole answer of
 * this runtime; HOLD_DRIFT for another endpoint than the contract of C1 has
 */
export async function askDryRun(
  config: RuntimeConfig,
  endpoint: string | null,
  asked: AskedOfDot,
): Promise<DryRunAnswer> {
  const { status, bytes } = await post(addressOf(config, endpoint), asked, config.limits.executor);
  const value = jsonOf(bytes);
  if (status !== 200) throw refused(status, value);
  const parsed = dryRunAnswer.safeParse(value);
  if (!parsed.success) throw unhealthy(`an answer with ${problemsOf(parsed.error)}`, 'the answer of a dry run of C1');
  const { label } = parsed.data;
  if (sameJson(label, config.label)) return parsed.data;
  throw unhealthy(`an answer of a runtime ${labelled(label)}`, `the executor of this one, ${labelled(config.label)}`);
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

interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
}

async function post(url: string, asked: AskedOfDot, limitMs: number): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-encoding': 'identity' },
      body: JSON.stringify(asked),
      // What was signed goes to the endpoint of the contract and to nobody else.
      redirect: 'manual',
      signal: AbortSignal.timeout(limitMs),
    });
    return { status: response.status, bytes: await wholeBody(response.body, LARGEST) };
  } catch (cause) {
    throw unhealthy(`no whole answer (${fetchFault(cause)})`, `one within ${limitMs} ms`, cause);
  }
}

function jsonOf(bytes: Buffer): unknown {
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
function refused(status: number, value: unknown): C1Error {
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

function unhealthy(seen: string, expected: string, cause?: unknown): C1Error {
  const next = 'npx c1 runtime status, then npx c1 runtime start';
  return new C1Error('ERROR_EXECUTOR_UNHEALTHY', { seen: `${seen} from the executor`, expected, next }, { cause });
}

function problemsOf({ issues }: z.core.$ZodError): string {
  return issues.map(({ path, message }) => `${path.map(String).join('.') || 'body'}: ${message}`).join('; ');
}

function labelled(label: readonly string[]): string {
  return label.length === 0 ? 'without label' : `labelled ${label.join(' ')}`;
}
