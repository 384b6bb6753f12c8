import * as z from 'zod/mini';
import type { Json } from '../../domain/canonical.ts';
import type { EvidenceOrder } from '../../domain/evidence/order.ts';
import { EVIDENCE_SCHEMA } from '../../domain/evidence/statement.ts';
import { assertWhole } from '../../domain/readiness/harness.ts';
import { assertReady, preflightCheck } from '../../domain/readiness/preflight.ts';
import { evidenceReadback } from '../../domain/readiness/readback.ts';
import { answered, readbackOf } from '../ask-bin.ts';
import { checksOf, sayingsOf } from './borne-out.ts';
import { badInputResult, type EvidenceDocument } from './document.ts';

export const preflightAnswer = z.object({ checks: z.array(preflightCheck) });
export const harnessAnswer = z.object({ unmoved: z.int().check(z.positive()), cases: z.array(badInputResult) });

/**
 * Asks the three DOTs that prove readiness for all they know, side by side, and puts it together with the steps as they
 * are declared. Nothing is written; what stops one of them stops this.
 *
 * @param folder of the bins
 * @throws C1Error whatever a bin stops with; ERROR_READ_FAILED when its answer is of another shape
 */
export async function collectEvidence(folder: string, order: EvidenceOrder): Promise<EvidenceDocument> {
  const { proven_for, planned } = order;
  const ask = (bin: string, words: readonly string[], stdin: unknown) =>
    readbackOf(folder, { bin, words, stdin: stdin as Json });
  const ready = ask('dot-c1-preflight', [], proven_for);
  const refused = ask('dot-c1-bad-input-harness', [], proven_for);
  const read = ask('dot-c1-evidence-readback', ['--whole'], { ...proven_for, planned });
  // All of them end, and of several that stop the first is named.
  await Promise.allSettled([ready, refused, read]);
  const { checks: preflight } = answered(preflightAnswer, await ready);
  assertReady(preflight);
  const { unmoved, cases } = answered(harnessAnswer, await refused);
  assertWhole(cases);
  const readback = answered(evidenceReadback, await read);
  const { label } = readback.runtime;
  return {
    ...{ schema: EVIDENCE_SCHEMA, label, ...sayingsOf(label), order },
    checks: [...checksOf({ preflight, bad_inputs: cases, readback }, unmoved)],
    ...{ preflight, bad_inputs: cases, readback },
  };
}
