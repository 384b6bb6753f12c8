import type { FastifyRequest } from 'fastify';
import { accept, realRunBlocked } from '../domain/decide.ts';
import { isRealRun } from '../domain/decision/request-checks.ts';
import type { Body } from './body.ts';

/**
 * Refuses a REAL_RUN however it is asked for: as the mode, as any other word of the body's first level, in a header that
 * names a mode or a run. Nobody may run it, so that nothing else of such a request is looked at.
 *
 * @throws C1Error C1_PROD_REAL_RUN_BLOCKED
 */
export function refuseRealRun({ headers }: FastifyRequest, { value }: Body): void {
  const asking = Object.entries(headers).filter(([name]) => /mode|run/i.test(name));
  const found = [value, Object.fromEntries(asking)].flatMap(wordsOf).find((word) => mayBe(word) && isRealRun(word));
  if (found !== undefined) accept(realRunBlocked(found));
}

/** Keys and texts of the first level; a key counts where its value does not say no. */
function wordsOf(source: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(source).flatMap(([key, value]) => [
    ...(value === false || value === null ? [] : [key]),
    ...[value].flat().filter((one) => typeof one === 'string'),
  ]);
}

/** Of a plain word it can be seen at once that it is none; the rest is looked at letter by letter. */
function mayBe(word: string): boolean {
  return !/^[ -~]*$/.test(word) || /r[^a-z]*e[^a-z]*a[^a-z]*l/i.test(word);
}
