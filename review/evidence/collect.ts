import * as z from 'zod/mini';
import type { Json } from '../../domain/canonical.ts';
import { authorityWhy, stateFlags } from '../../domain/evidence/flags.ts';
import type { EvidenceOrder } from '../../domain/evidence/order.ts';
import { EVIDENCE_SCHEMA } from '../../domain/evidence/statement.ts';
import { verdictOf } from '../../domain/label.ts';
import { assertWhole } from '../../domain/readiness/harness.ts';
import { assertReady, preflightCheck } from '../../domain/readiness/preflight.ts';
import { evidenceReadback } from '../../domain/readiness/readback.ts';
import { answered, readbackOf } from '../ask-bin.ts';
import { badInputResult, type EvidenceCheck, type EvidenceDocument } from './document.ts';

export const preflightAnswer = z.object({ checks: z.array(preflightCheck) });
export const harnessAnswer = z.object({ unmoved: z.int().check(z.positive()), cases: z.array(badInputResult) });

/**
 * Asks the three DOTs that prove readiness for all they know, and puts it together with the steps as they are declared.
 * Nothing is written; what stops one of them stops this.
 *
 * @param folder of the bins
 * @throws C1Error whatever a bin stops with; ERROR_READ_FAILED when its answer is of another shape
 */
export async function collectEvidence(folder: string, order: EvidenceOrder): Promise<EvidenceDocument> {
  const { proven_for, planned } = order;
  const ask = (bin: string, words: readonly string[], stdin: unknown) =>
    readbackOf(folder, { bin, words, stdin: stdin as Json });
  const { checks: preflight } = answered(preflightAnswer, await ask('dot-c1-preflight', [], proven_for));
  assertReady(preflight);
  const { unmoved, cases } = answered(harnessAnswer, await ask('dot-c1-bad-input-harness', [], proven_for));
  assertWhole(cases);
  const request = { ...proven_for, planned };
  const readback = answered(evidenceReadback, await ask('dot-c1-evidence-readback', ['--whole'], request));
  const { label } = readback.runtime;
  return {
    schema: EVIDENCE_SCHEMA,
    label,
    verdict: verdictOf(label, 'GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION'),
    result: { engineering: 'PASS', authority: 'NOT PASS', authority_why: authorityWhy(label) },
    flags: { ...stateFlags(label) },
    order,
    checks: [
      preflightResult(preflight.length),
      ...harnessResults(cases, unmoved),
      ...readback.checks.map(({ name, checked }) =>
        passed(`readback: ${name}`, 'dot-c1-evidence-readback', checked, 'as planned and as journalled'),
      ),
    ],
    ...{ preflight, bad_inputs: cases, readback },
  };
}

export function preflightResult(count: number): EvidenceCheck {
  return passed('preflight', 'dot-c1-preflight', count, `READY ${count}/${count}`);
}

export function harnessResults(
  cases: EvidenceDocument['bad_inputs'],
  unmoved: number,
): readonly [refused: EvidenceCheck, accepted: EvidenceCheck, unmoved: EvidenceCheck] {
  const sum = (pick: (one: (typeof cases)[number]) => number) => cases.reduce((total, one) => total + pick(one), 0);
  const bin = 'dot-c1-bad-input-harness';
  return [
    passed(
      'bad inputs refused',
      bin,
      sum(({ refused }) => refused),
      `${cases.length} cases, each with its exact code`,
    ),
    passed(
      'good halves accepted',
      bin,
      sum(({ accepted }) => accepted),
      `the same ${cases.length} requests made good`,
    ),
    passed(
      'nothing moved by them',
      bin,
      unmoved,
      'every counter, the journal, the handbook, claims and grants as before',
    ),
  ];
}

function passed(name: string, bin: string, checked: number, seen: string): EvidenceCheck {
  return { name, repeat: `${bin} --cloud`, outcome: 'passed', checked, seen };
}
