import { join } from 'node:path';
import { LABEL_LINE, STAGING_LABELS } from '../../../domain/label.ts';
import type { ExecutorConfig } from '../../../executor/config.ts';
import type { Release } from '../../../executor/fixture.ts';
import { buildServer, type ServerOptions } from '../../../executor/server.ts';
import type { TestRuntime } from '../../support/runtime.ts';

/** A service that listens in this process, on loopback. */
export interface Service {
  readonly url: string;
  readonly port: number;
  /** Sends a body as JSON, or a text as it is. */
  readonly dispatch: (body: unknown, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly get: (path: string) => Promise<Answer>;
  /** Everything that was logged so far. */
  readonly log: () => string;
  readonly close: () => Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

export type ConfigChanges = Partial<Omit<ExecutorConfig, 'database'>> & {
  readonly database?: Partial<ExecutorConfig['database']>;
};

export const DIGEST = 'ab'.repeat(32);

/** The configuration that a deploy would write for this runtime. */
export function configFor(runtime: TestRuntime, changes: ConfigChanges = {}): ExecutorConfig {
  const { database, ...others } = changes;
  const login = database?.login ?? 'executor_ro';
  return {
    label: [...STAGING_LABELS],
    listen: { host: '127.0.0.1', port: 0 },
    database: {
      ...{ host: '127.0.0.1', port: runtime.port, database: runtime.database, login },
      passwordFile: join(runtime.paths.secrets, login),
      ...database,
    },
    upstreamUrl: null,
    allowedSigners: null,
    release: { name: 'agent-api-executor-local:test', digest: DIGEST },
    ...others,
  };
}

export async function startService(
  release: Release,
  config: ExecutorConfig,
  options: Omit<ServerOptions, 'log'> = {},
): Promise<Service> {
  const lines: string[] = [];
  const app = buildServer(release, config, { ...options, log: { write: (line) => void lines.push(line) } });
  const url = await app.listen(config.listen);
  return {
    url,
    port: Number(new URL(url).port),
    dispatch: (body, headers = {}) => dispatchTo(url, body, headers),
    get: (path) => fetch(`${url}${path}`).then(answerOf),
    log: () => lines.join(''),
    close: () => app.close(),
  };
}

export function dispatchTo(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const all = { 'content-type': 'application/json', ...headers };
  return fetch(`${url}/dispatch`, { method: 'POST', body: text, headers: all }).then(answerOf);
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : {} };
}

/** What a refusal must be: its status, its code, and all that goes with one. */
export function refusal(status: number, code: string) {
  return { status, code, whole: true };
}

export function refusalOf({ status, json, headers }: Answer) {
  const { code, message, remedy, request_id, label, ...more } = json;
  const said = new RegExp(`^${String(code)}: seen .+, expected .+\\. Next: .+\\.$`, 's').test(String(message));
  const id = headers.get('x-request-id');
  const known = typeof request_id === 'string' && request_id.length === 36 && (id === null || id === request_id);
  const labelled = Array.isArray(label) && label.join(' ') === LABEL_LINE;
  return { status, code, whole: said && known && labelled && remedy !== '' && Object.keys(more).length === 0 };
}

export const KG_PLAN = { dot_code: 'DOT_KG_EXPLAIN', mode: 'PLAN_ONLY' };
export const BUILD_PLAN = { dot_code: 'DOT_C1_VOCAB_BUILD', mode: 'PLAN_ONLY' };
