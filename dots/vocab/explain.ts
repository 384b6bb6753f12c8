import * as z from 'zod/mini';
import type { Json } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import type { DecisionState } from '../../domain/decision/reads.ts';
import { decideOn } from './state.ts';
import '../../domain/english.ts';

/**
 * A case as it would be if some records were others: the request, and what is supposed in place of the live grant, of
 * single facts, of single gates, of the time. What is not supposed is as it is.
 */
const supposed = z.strictObject({
  asked: z.unknown(),
  grant: z.optional(z.nullable(z.looseObject({}))),
  facts: z.optional(z.looseObject({})),
  gates: z.optional(z.looseObject({})),
});
export type Supposed = z.infer<typeof supposed>;

/** @throws C1Error REJECT_MALFORMED_REQUEST */
export function supposedOf(value: unknown): Supposed {
  const parsed = supposed.safeParse(value);
  if (parsed.success) return parsed.data;
  const seen = value === undefined ? 'no standard input' : z.prettifyError(parsed.error);
  throw new C1Error('REJECT_MALFORMED_REQUEST', {
    seen,
    expected: 'asked, and what is supposed of grant, facts, gates',
  });
}

/**
 * The same decision as on the live rows. What is supposed is checked by `decide` itself.
 *
 * @throws C1Error with the code of the refusal
 */
export function explain(live: DecisionState, { asked, grant, facts, gates }: Supposed): Json {
  const { accepted: _accepted, ...decision } = decideOn(
    {
      manifest: live.manifest,
      grant: grant === undefined ? live.grant : grant,
      facts: { ...live.facts, ...facts },
      gates: { ...live.gates, ...gates },
    },
    asked,
  );
  return {
    supposed: Object.keys({
      ...(grant === undefined ? {} : { grant }),
      ...(facts && { facts }),
      ...(gates && { gates }),
    }),
    decision,
  };
}
