import { C1Error } from '../../domain/codes.ts';
import { accept, realRunBlocked } from '../../domain/decide.ts';
import { asMalformed } from '../../domain/decision/malformed.ts';
import { isRealRun } from '../../domain/decision/request-checks.ts';
import type { DotCode } from '../../domain/dots.ts';
import { readStandardInput } from '../kernel/standard-input.ts';

export interface AskedOfDot {
  readonly dot_code: DotCode;
  readonly mode: string;
  readonly [field: string]: unknown;
}

/** Standard input as an object; undefined where there is none. @throws C1Error REJECT_MALFORMED_REQUEST */
export async function readRequest(): Promise<Readonly<Record<string, unknown>> | undefined> {
  const value = await readStandardInput().catch((cause: unknown) => {
    throw asMalformed(cause);
  });
  if (value === undefined || isObject(value)) return value;
  throw new C1Error('REJECT_MALFORMED_REQUEST', { seen: 'standard input that is no object', expected: 'an object' });
}

/**
 * A request whose DOT and mode are those of the command line, and the rest from standard input.
 *
 * @throws C1Error C1_PROD_REAL_RUN_BLOCKED, REJECT_MALFORMED_REQUEST
 */
export async function requestOf(dot_code: DotCode, mode: string): Promise<AskedOfDot> {
  if (isRealRun(mode)) accept(realRunBlocked(mode));
  const body = (await readRequest()) ?? {};
  if (isRealRun(body.mode)) accept(realRunBlocked(body.mode));
  for (const [name, own] of Object.entries({ dot_code, mode })) {
    const seen = body[name];
    if (seen === undefined || seen === own) continue;
    throw new C1Error('REJECT_MALFORMED_REQUEST', {
      seen: `${name} ${JSON.stringify(seen)} on standard input`,
      expected: `${own}, as on the command line`,
    });
  }
  return { ...body, dot_code, mode };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
