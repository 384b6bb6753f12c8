import { join } from 'node:path';
import * as z from 'zod/mini';
import { canonicalJson, type Json } from '../../domain/canonical.ts';
import { C1Error, isCode } from '../../domain/codes.ts';
import { authorityWhy, stateFlags } from '../../domain/evidence/flags.ts';
import type { EvidenceOrder } from '../../domain/evidence/order.ts';
import { EVIDENCE_SCHEMA } from '../../domain/evidence/statement.ts';
import { failureParts } from '../../domain/failure.ts';
import { verdictOf } from '../../domain/label.ts';
import { assertWhole } from '../../domain/readiness/harness.ts';
import { assertReady, preflightCheck } from '../../domain/readiness/preflight.ts';
import { evidenceReadback } from '../../domain/readiness/readback.ts';
import { runInGroup } from '../../dots/reader/subprocess.ts';
import { badInputResult, type EvidenceCheck, type EvidenceDocument } from './document.ts';

const LIMIT_MS = 60_000;
/** The whole readback of a runtime is a quarter of a megabyte; one that is a hundred times as long is another fault. */
const LIMIT_BYTES = 32 * 1024 * 1024;

const preflightAnswer = z.object({ checks: z.array(preflightCheck) });
const harnessAnswer = z.object({ unmoved: z.int().check(z.positive()), cases: z.array(badInputResult) });

/**
 * Asks the three DOTs that prove readiness for all they know, and puts it together with the steps as they are declared.
 * Nothing is written; what stops one of them stops this.
 *
 * @param folder of the bins
 * @throws C1Error whatever a bin stops with; ERROR_READ_FAILED when its answer is of another shape
 */
export async function collectEvidence(folder: string, order: EvidenceOrder): Promise<EvidenceDocument> {
  const { proven_for, planned } = order;
  const ask = (bin: string, words: readonly string[], stdin: unknown) => askBin(folder, bin, words, stdin as Json);
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

function preflightResult(count: number): EvidenceCheck {
  return passed('preflight', 'dot-c1-preflight', count, `READY ${count}/${count}`);
}

function harnessResults(
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

async function askBin(folder: string, bin: string, words: readonly string[], stdin: Json): Promise<unknown> {
  const options = { input: canonicalJson(stdin), limitBytes: LIMIT_BYTES };
  const ended = await runInGroup(join(folder, bin), ['--cloud', ...words], folder, LIMIT_MS, options).catch(
    (cause: unknown) => {
      throw unread(bin, cause instanceof Error ? cause.message : String(cause), cause);
    },
  );
  if (ended.status !== 0) throw failureIn(bin, ended.stderr);
  try {
    return (JSON.parse(ended.stdout) as { readonly readback: unknown }).readback;
  } catch (cause) {
    throw unread(bin, 'an answer that is no JSON', cause);
  }
}

/** What stopped the bin stops the evidence, with its own code. */
function failureIn(bin: string, stderr: string): C1Error {
  const parts = failureParts(stderr.trim().split('\n').at(-1) ?? '');
  if (parts === null || !isCode(parts.code)) return unread(bin, 'no outcome');
  return new C1Error(parts.code, { ...parts, seen: `${bin}: ${parts.seen}` });
}

function answered<T>(schema: z.ZodMiniType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new C1Error('ERROR_READ_FAILED', {
    seen: z.prettifyError(parsed.error),
    expected: 'the answer of a readiness DOT',
  });
}

function unread(bin: string, seen: string, cause?: unknown): C1Error {
  return new C1Error('ERROR_READ_FAILED', { seen: `${bin}: ${seen}`, expected: 'its whole answer' }, { cause });
}
