import * as z from 'zod/mini';
import { authorizations } from '../../domain/dry-run-authorization.ts';
import '../../domain/english.ts';
import { authorityOf } from '../../domain/evidence/flags.ts';
import { DRY_RUN_SCHEMA, type DryRunPredicate, result } from '../../domain/evidence/statement.ts';
import { verdictOf } from '../../domain/label.ts';
import { evidenceReadback } from '../../domain/readiness/readback.ts';
import { badInputResult, evidenceCheck } from '../evidence/document.ts';
import { buildAnswer } from './answers.ts';

/** What a governed dry run leaves: what it was authorized over, what was done, and what was seen (readiness.md, "HALT"). */
export const dryRunDocument = z.strictObject({
  schema: z.literal(DRY_RUN_SCHEMA),
  label: z.array(z.string()),
  stack: z.string(),
  verdict: z.string(),
  result,
  evidence_digest: z.string(),
  authorizations: authorizations.check(z.minLength(2)),
  auth_code: z.string(),
  began_at: z.iso.datetime(),
  ended_at: z.iso.datetime(),
  checks: z.array(evidenceCheck).check(z.minLength(1)),
  /** Null where it did not come to it. */
  build: z.nullable(buildAnswer),
  bad_inputs: z.array(badInputResult),
  readback: z.nullable(evidenceReadback),
});
export type DryRunDocument = z.infer<typeof dryRunDocument>;

export function predicateOf({ checks, ...document }: DryRunDocument): DryRunPredicate {
  const { label, stack, verdict, result: said, evidence_digest, auth_code } = document;
  const count = (outcome: DryRunDocument['checks'][number]['outcome']) =>
    checks.filter((check) => check.outcome === outcome).length;
  return {
    ...{ schema: DRY_RUN_SCHEMA, label, stack, verdict, result: said, evidence_digest, auth_code },
    checks: {
      ...{ passed: count('passed'), failed: count('failed'), not_executed: count('not executed') },
      things: checks.reduce((sum, { checked }) => sum + checked, 0),
    },
  };
}

/** What a dry run does, in this order; one that lost a part is none. */
export const ACT_NAMES = [
  'preflight',
  'dry run',
  'grant used once',
  'grant used again',
  'bad inputs',
  'REAL_RUN',
  'readback',
] as const;
export type ActName = (typeof ACT_NAMES)[number];

/** Nothing but a pass of every part, each of something, is a pass of engineering. */
export function engineeringOf(checks: DryRunDocument['checks']): DryRunDocument['result']['engineering'] {
  const isWhole = ACT_NAMES.length === checks.length && ACT_NAMES.every((name, at) => checks[at]?.name === name);
  return isWhole && checks.every(({ outcome, checked }) => outcome === 'passed' && checked > 0) ? 'PASS' : 'HOLD';
}

type Saying = Pick<DryRunDocument, 'verdict' | 'result'>;

/** What a dry run says of itself, by what became of its parts. @param stoppedBy the code that stopped it */
export function sayingOf({ label, checks }: Pick<DryRunDocument, 'label' | 'checks'>, stoppedBy: string): Saying {
  const engineering = engineeringOf(checks);
  const verdict = engineering === 'PASS' ? verdictOf(label, 'GOVERNED_C1_DRYRUN_EXECUTED') : stoppedBy;
  return { verdict, result: { engineering, ...authorityOf(label) } };
}
