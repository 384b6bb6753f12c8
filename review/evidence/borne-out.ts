import { type Json, sameJson } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { OPERATION_COUNT } from '../../domain/dry-run.ts';
import { authorityWhy, stateFlags } from '../../domain/evidence/flags.ts';
import { verdictOf } from '../../domain/label.ts';
import { BAD_INPUTS } from '../../domain/readiness/bad-input.ts';
import { assertWhole } from '../../domain/readiness/harness.ts';
import { assertReady } from '../../domain/readiness/preflight.ts';
import { checkAnswer } from '../../domain/readiness/readback-checks.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';
import { altered } from '../../dots/evidence/folder.ts';
import type { EvidenceCheck, EvidenceDocument } from './document.ts';

/** What a package says of itself by what it is of: never better than that, and authority is never its own to pass. */
export function sayingsOf(label: readonly string[]): Pick<EvidenceDocument, 'verdict' | 'result' | 'flags'> {
  return {
    verdict: verdictOf(label, 'GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION'),
    result: { engineering: 'PASS', authority: 'NOT PASS', authority_why: authorityWhy(label) },
    flags: { ...stateFlags(label) },
  };
}

type Looked = Pick<EvidenceDocument, 'preflight' | 'bad_inputs' | 'readback'>;

/** The checks of a package, counted from what it holds; `unmoved` is the one count that it holds nothing else of. */
export function checksOf({ preflight, bad_inputs, readback }: Looked, unmoved: number): readonly EvidenceCheck[] {
  const sum = (pick: (one: Looked['bad_inputs'][number]) => number) =>
    bad_inputs.reduce((total, one) => total + pick(one), 0);
  const harness = (name: string, checked: number, seen: string) =>
    passed(name, 'dot-c1-bad-input-harness', checked, seen);
  return [
    passed('preflight', 'dot-c1-preflight', preflight.length, `READY ${preflight.length}/${preflight.length}`),
    harness(
      'bad inputs refused',
      sum(({ refused }) => refused),
      `${bad_inputs.length} cases, each with its exact code`,
    ),
    harness(
      'good halves accepted',
      sum(({ accepted }) => accepted),
      `the same ${bad_inputs.length} requests made good`,
    ),
    harness(UNMOVED, unmoved, 'every counter, the journal, the handbook, claims and grants as before'),
    ...readback.checks.map(({ name, checked }) =>
      passed(`readback: ${name}`, 'dot-c1-evidence-readback', checked, 'as planned and as journalled'),
    ),
  ];
}

const UNMOVED = 'nothing moved by them';

function passed(name: string, bin: string, checked: number, seen: string): EvidenceCheck {
  return { name, repeat: `${bin} --cloud`, outcome: 'passed', checked, seen };
}

/**
 * A package holds what it says of itself: every check is computed again from what was seen, offline. What is signed is not
 * thereby true.
 *
 * @throws C1Error REJECT_EVIDENCE_ALTERED
 */
export function assertBorneOut(document: EvidenceDocument): void {
  const { label, preflight, bad_inputs, readback, checks, order } = document;
  borne('its preflight', () => assertReady(preflight));
  borne('its bad inputs', () => assertCases(bad_inputs));
  borne('its readback', () => assertReadback(document));
  const unmoved = checks.find(({ name }) => name === UNMOVED)?.checked ?? 0;
  same('checks', [...checksOf({ preflight, bad_inputs, readback }, unmoved)], checks);
  same('label', readback.runtime.label, label);
  const { verdict, result, flags } = document;
  same('verdict, result and flags', sayingsOf(label), { verdict, result, flags });
  same('occasion', readback.proven_for, order.proven_for);
}

/** Each of the 24 with its own code, refused and accepted at least once. @throws C1Error HOLD_BAD_INPUT_HARNESS */
export function assertCases(cases: EvidenceDocument['bad_inputs']): void {
  assertWhole(cases);
  const other = cases.find((one) => {
    const known = BAD_INPUTS.find(({ number }) => number === one.number);
    return known?.code !== one.code || one.refused === 0 || one.accepted === 0;
  });
  if (other === undefined) return;
  const seen = `case ${other.number}: ${other.refused} refused with ${other.code}, ${other.accepted} accepted`;
  throw new C1Error('HOLD_BAD_INPUT_HARNESS', { seen, expected: 'each refused with its code, and accepted made good' });
}

/** What a readback found beside what can be asked again offline; nobody who has only the answer can count it. */
const OUTSIDE = ['bins', 'tools', 'executor', 'grant', 'approvals'];

/** The readback, asked again, and held against the plan that its own order names. */
function assertReadback({ readback, order: { planned } }: EvidenceDocument): void {
  const asked = checkAnswer(readback);
  const [integrity, ...rest] = readback.checks;
  same('names', [integrity?.name, ...rest.slice(asked.length).map(({ name }) => name)], ['integrity', ...OUTSIDE]);
  same('counts', [...asked], rest.slice(0, asked.length));
  const named = readback.steps.flatMap((step) => (step.planned === null ? [] : [[step.step, step.planned] as const]));
  same('plan', Object.fromEntries(named), planned);
  const { operations } = parseJsonStrictly(Buffer.from(readback.manifest.bytes, 'utf8')) as { operations?: unknown };
  const count = Array.isArray(operations) ? operations.length : 0;
  same('operations of the manifest', [count, readback.manifest.operations], [OPERATION_COUNT, OPERATION_COUNT]);
}

/** @throws C1Error REJECT_EVIDENCE_ALTERED */
export function borne(what: string, check: () => void): void {
  try {
    check();
  } catch (cause) {
    if (!(cause instanceof C1Error) || cause.code === 'REJECT_EVIDENCE_ALTERED') throw cause;
    const seen = `a pass that ${what} does not bear out: ${cause.code}: ${cause.seen}`;
    throw new C1Error('REJECT_EVIDENCE_ALTERED', { seen, expected: cause.expected }, { cause });
  }
}

/** @throws C1Error REJECT_EVIDENCE_ALTERED */
export function same(what: string, held: unknown, said: unknown): void {
  if (sameJson((held ?? null) as Json, (said ?? null) as Json)) return;
  throw altered(`${what} that what it holds does not bear out`, `${what} as they follow from it`);
}
