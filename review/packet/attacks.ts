import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import type { EvidenceDocument } from '../evidence/document.ts';

/**
 * The negative review A1…A18 (seed 004, §6): one line for each attack of steps.md, then one for each group of bad inputs. The
 * seed names eighteen and lists none; docs/decisions/0017 says how they are filled.
 */
interface StepAttack {
  readonly id: string;
  readonly step: string;
  /** Where the step's own words are not in the evidence: what several steps share, and W9, which comes after it. */
  readonly attack?: string;
  readonly tests: readonly string[];
}

export const STEP_ATTACKS: readonly StepAttack[] = [
  { id: 'A1', step: 'H1', tests: ['test/attacks/h1.test.ts'] },
  { id: 'A2', step: 'H3', tests: ['test/runtime/rehearsal.test.ts', 'test/authority/mint.test.ts'] },
  { id: 'A3', step: 'H4', tests: ['test/attacks/h4.test.ts'] },
  {
    ...{ id: 'A4', step: 'H1, W1, W7', attack: 'a vote moved from another request' },
    tests: ['test/dots/apr-signatures.test.ts', 'test/authority/votes.test.ts'],
  },
  { id: 'A5', step: 'W1', tests: ['test/attacks/w1.test.ts', 'test/attacks/w1-gateway.test.ts'] },
  { id: 'A6', step: 'W2', tests: ['test/attacks/w2.test.ts'] },
  { id: 'A7', step: 'W3', tests: ['test/attacks/w3.test.ts', 'test/attacks/w3-retire.test.ts'] },
  { id: 'A8', step: 'W4', tests: ['test/attacks/w4.test.ts'] },
  { id: 'A9', step: 'W5', tests: ['test/attacks/w5.test.ts'] },
  { id: 'A10', step: 'W6', tests: ['test/attacks/w6.test.ts'] },
  { id: 'A11', step: 'W7', tests: ['test/authority/mint.test.ts', 'test/authority/race.test.ts'] },
  { id: 'A12', step: 'W8', tests: ['test/attacks/w8.test.ts'] },
  { id: 'A13', step: 'W9', attack: 'drift hidden in the evidence', tests: ['test/attacks/w9.test.ts'] },
];

export const BAD_INPUT_GROUPS = [
  { id: 'A14', group: 'the manifest', numbers: [1, 2, 3, 4, 5, 6, 7] },
  { id: 'A15', group: 'carrier, lane and plan', numbers: [8, 9, 10] },
  { id: 'A16', group: 'the grant', numbers: [11, 12, 13, 14, 15, 20, 23] },
  { id: 'A17', group: 'reach: real run, production, C2, rollback by delete', numbers: [16, 17, 18, 19] },
  { id: 'A18', group: 'authority and form', numbers: [21, 22, 24] },
] as const;

/** One line of the checklist. What was not executed has no count, and is no pass. */
export interface ChecklistLine {
  readonly id: string;
  readonly what: string;
  readonly outcome: 'passed' | 'failed' | 'not executed';
  readonly checked: number;
  readonly repeat: string;
}

/** What vitest wrote of a run: how many tests of each file passed, failed, or were not run at all. */
export interface TestReport {
  readonly passed: ReadonlyMap<string, number>;
  readonly failed: ReadonlyMap<string, number>;
  readonly skipped: ReadonlyMap<string, number>;
}

const report = z.looseObject({
  testResults: z.array(
    z.looseObject({ name: z.string(), assertionResults: z.array(z.looseObject({ status: z.string() })) }),
  ),
});

/**
 * @param text `npx vitest run <files> --reporter=json --outputFile=<file>`
 * @throws C1Error ERROR_READ_FAILED
 */
export function testReportOf(text: string): TestReport {
  try {
    const { testResults } = report.parse(JSON.parse(text));
    const count = (isWanted: (status: string) => boolean) =>
      new Map(
        testResults.map(({ name, assertionResults }) => [
          plainName(name),
          assertionResults.filter(({ status }) => isWanted(status)).length,
        ]),
      );
    const [passed, failed] = [count((status) => status === 'passed'), count((status) => status === 'failed')];
    return { passed, failed, skipped: count((status) => !['passed', 'failed'].includes(status)) };
  } catch (cause) {
    const seen = 'a test report of another shape';
    throw new C1Error('ERROR_READ_FAILED', { seen, expected: "what vitest's JSON reporter writes" }, { cause });
  }
}

/** The name within the checkout, wherever that is. */
function plainName(name: string): string {
  return /(?:^|[\\/])(test[\\/].*)$/.exec(name)?.[1]?.replaceAll('\\', '/') ?? name;
}

/** A1…A18, each with its result and how to repeat it. */
export function checklist(document: EvidenceDocument, tests: TestReport | null): readonly ChecklistLine[] {
  return [...STEP_ATTACKS.map((one) => attackLine(document, one, tests)), ...groupLines(document)];
}

function attackLine({ order }: EvidenceDocument, attack: StepAttack, tests: TestReport | null): ChecklistLine {
  const { id, step, tests: files } = attack;
  const words = attack.attack ?? order.steps.find((one) => one.id === step)?.attack ?? 'no such step in the evidence';
  const sum = (counts: ReadonlyMap<string, number>) =>
    files.reduce((total, file) => total + (counts.get(file) ?? 0), 0);
  const hasFailed = tests !== null && sum(tests.failed) > 0;
  // A test that was skipped proves nothing, and what was left out of a line is left out of all of it.
  const isWhole =
    tests !== null && sum(tests.skipped) === 0 && files.every((file) => (tests.passed.get(file) ?? 0) > 0);
  const outcome = hasFailed ? 'failed' : isWhole ? 'passed' : 'not executed';
  const checked = isWhole ? sum(tests.passed) : 0;
  return { id, what: `${step}: ${words}`, outcome, checked, repeat: `npx vitest run ${files.join(' ')}` };
}

function groupLines({ bad_inputs }: EvidenceDocument): readonly ChecklistLine[] {
  return BAD_INPUT_GROUPS.map(({ id, group, numbers }) => {
    const found = bad_inputs.filter(({ number }) => (numbers as readonly number[]).includes(number));
    const isWhole = found.length === numbers.length;
    const checked = isWhole ? found.reduce((total, { refused, accepted }) => total + refused + accepted, 0) : 0;
    const outcome =
      isWhole && found.every(({ refused, accepted }) => refused > 0 && accepted > 0) ? 'passed' : 'not executed';
    const what = `bad inputs ${numbers.join(', ')}: ${group}`;
    return {
      id,
      what,
      outcome,
      checked: outcome === 'passed' ? checked : 0,
      repeat: 'dot-c1-bad-input-harness --cloud',
    };
  });
}
