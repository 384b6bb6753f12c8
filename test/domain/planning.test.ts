import { describe, expect, test } from 'vitest';
import { canonicalJson, digestOf, type Json } from '../../domain/canonical.ts';
import { type PlannedDeltas, parsePlannedDeltas, plannedBySteps } from '../../domain/planned-deltas.ts';
import { plannedDifferences } from '../../domain/planning/differences.ts';
import { type Difference, programPlan } from '../../domain/planning/document.ts';
import { programPlanOf } from '../../domain/planning/program-plan.ts';
import { shorten } from '../../domain/planning/shorten.ts';
import { stepDigest } from '../../domain/planning/step-digest.ts';
import { countDeltas, foldPlans, planSteps } from '../../domain/program.ts';
import { blankBuild } from '../../domain/release.ts';
import type { StepId } from '../../domain/steps/step.ts';
import { STEPS } from '../dots/support/rows.ts';
import { EMPTY, PLANNED, STATE } from './support/empty-runtime.ts';

const STACK = 'trial';
const PLANS = planSteps(STEPS, EMPTY, STACK);
const SETTLED = foldPlans(PLANS, EMPTY, STACK);
const ids = STEPS.map(({ id }) => id);
/** The runtime once everything is applied, by its own journal. */
const SETTLED_STATE = { stepDeltas: plannedBySteps(PLANNED, ids) as Record<string, Record<string, number>> };

type Rows = Record<string, Record<string, string>>;
interface StepText {
  runs?: number;
  rows: Rows;
}

/** planned-deltas.yaml with one thing else in it, as its file would be read. */
function planted(change: (steps: Record<StepId, StepText>) => void): PlannedDeltas {
  const copy = structuredClone(PLANNED) as unknown as { steps: Record<StepId, StepText> };
  change(copy.steps);
  return parsePlannedDeltas(copy);
}

const rowsIn = (step: StepText, surface: string) => step.rows[surface] ?? {};
const wheres = (found: readonly Difference[]) => found.map(({ where }) => where);

function fresh(planned: PlannedDeltas) {
  return plannedDifferences({ plans: PLANS, planned, snapshot: EMPTY, state: STATE, stack: STACK });
}

function settled(planned: PlannedDeltas) {
  const plans = planSteps(STEPS, SETTLED, STACK);
  return plannedDifferences({ plans, planned, snapshot: SETTLED, state: SETTLED_STATE, stack: STACK });
}

const PLANTED: readonly (readonly [string, PlannedDeltas, readonly string[], readonly string[]])[] = [
  [
    'a row too many',
    planted(({ W4 }) => {
      rowsIn(W4, 'dot_tools').DOT_C1_EXTRA = 'insert';
    }),
    ['W4 dot_tools/DOT_C1_EXTRA'],
    ['W4 dot_tools/DOT_C1_EXTRA'],
  ],
  [
    'a row too few',
    planted(({ W2 }) => {
      delete rowsIn(W2, 'birth_registry').DOT_C1_PREFLIGHT;
    }),
    ['W2 birth_registry/DOT_C1_PREFLIGHT'],
    ['W2 birth_registry/DOT_C1_PREFLIGHT'],
  ],
  [
    'another name',
    planted(({ W5 }) => {
      const rows = rowsIn(W5, 'dot_agent_api_contract');
      delete rows.DOT_C1_VOCAB_VERIFY;
      rows.DOT_C1_VOCAB_VERIFI = 'insert';
    }),
    ['W5 dot_agent_api_contract/DOT_C1_VOCAB_VERIFY', 'W5 dot_agent_api_contract/DOT_C1_VOCAB_VERIFI'],
    ['W5 dot_agent_api_contract/DOT_C1_VOCAB_VERIFI', 'W5 dot_agent_api_contract/DOT_C1_VOCAB_VERIFY'],
  ],
  [
    'a wrong number of runs',
    planted(({ W3 }) => {
      W3.runs = 8;
    }),
    ['W3 dot_ledger'],
    ['W3 dot_ledger'],
  ],
  [
    'no runs where there are some',
    planted(({ W7 }) => {
      delete W7.runs;
    }),
    ['W7 dot_ledger'],
    ['W7 dot_ledger'],
  ],
  [
    'a change where a row comes',
    planted(({ W2 }) => {
      rowsIn(W2, 'species')['gov-canonical-op-vocab'] = 'change';
    }),
    ['W2 species/gov-canonical-op-vocab'],
    ['W2 species'],
  ],
  [
    'a new row where one changes',
    planted(({ W4 }) => {
      rowsIn(W4, 'meta_catalog')['CAT-006'] = 'insert';
    }),
    ['W4 meta_catalog/CAT-006'],
    ['W4 meta_catalog'],
  ],
  [
    'a row in another step',
    planted(({ W3, W5 }) => {
      delete rowsIn(W3, 'table_registry')['c1/governance_canonical_operation_vocab'];
      W5.rows.table_registry = { 'c1/governance_canonical_operation_vocab': 'insert' };
    }),
    [
      'W3 table_registry/c1/governance_canonical_operation_vocab',
      'W5 table_registry/c1/governance_canonical_operation_vocab',
    ],
    [
      'W3 table_registry/c1/governance_canonical_operation_vocab',
      'W5 table_registry/c1/governance_canonical_operation_vocab',
    ],
  ],
  [
    'a row on another surface',
    planted(({ W7 }) => {
      delete rowsIn(W7, 'governance_object_ownership')['c1.governance_canonical_operation_vocab'];
      W7.rows.collection_registry = { 'c1.governance_canonical_operation_vocab': 'insert' };
    }),
    [
      'W7 governance_object_ownership/c1.governance_canonical_operation_vocab',
      'W7 collection_registry/c1.governance_canonical_operation_vocab',
    ],
    [
      'W7 collection_registry/c1.governance_canonical_operation_vocab',
      'W7 governance_object_ownership/c1.governance_canonical_operation_vocab',
    ],
  ],
  [
    'a row of a step that brings none',
    planted((steps) => {
      steps.W8 = { rows: { species: { other: 'insert' } } };
    }),
    ['W8 species/other'],
    ['W8 species/other'],
  ],
  [
    'a step left out',
    planted((steps) => {
      delete (steps as Partial<typeof steps>).W6;
    }),
    ['W6 executor_image/incomex-agent-api-executor'],
    ['W6 executor_image/incomex-agent-api-executor'],
  ],
];

describe('against planned-deltas.yaml', () => {
  test('the true program is equal: before anything is applied, half-way, and once everything is', () => {
    expect(fresh(PLANNED)).toEqual([]);
    expect(settled(PLANNED)).toEqual([]);
    const before = PLANS.slice(0, 9);
    const halfway = foldPlans(before, EMPTY, STACK);
    const state = {
      stepDeltas: plannedBySteps(
        PLANNED,
        before.map(({ step }) => step.id),
      ) as Record<string, Record<string, number>>,
    };
    const plans = planSteps(STEPS, halfway, STACK);
    expect(plannedDifferences({ plans, planned: PLANNED, snapshot: halfway, state, stack: STACK })).toEqual([]);
  });

  test.each(PLANTED)('%s is named, on a fresh runtime', (_, planned, expected) => {
    expect(wheres(fresh(planned))).toEqual(expected);
  });

  test.each(PLANTED)('%s is named, on a settled one', (_, planned, __, expected) => {
    expect(wheres(settled(planned))).toEqual(expected);
  });

  test('wherever the preview stops, a row is named', () => {
    for (const [name, planned] of PLANTED) {
      expect(() => countDeltas(PLANS, planned, STATE), name).toThrow(
        expect.objectContaining({ code: 'HOLD_PREVIEW_DELTA_MISMATCH' }),
      );
    }
  });

  test('a difference says what was seen and what was expected', () => {
    const [, extra] = PLANTED[0] ?? [];
    if (extra === undefined) throw new Error('nothing planted');
    expect(fresh(extra)).toEqual([
      {
        where: 'W4 dot_tools/DOT_C1_EXTRA',
        seen: 'no such row of W4',
        expected: 'insert, as planned-deltas.yaml says',
      },
    ]);
  });
});

describe('what the program hands on', () => {
  const config = { approvals: 'none', through: 'W9', grant_generation: 1, expected_manifest_hash: null } as const;
  const handedOn = (snapshot = EMPTY) =>
    programPlanOf({
      ...{ stack: STACK, kind: 'embedded', config, planned: PLANNED, payloads: blankBuild(), state: STATE, snapshot },
      plans: planSteps(STEPS, snapshot, STACK),
    });

  test('is the same bytes for the same state, and of the shape of the document', () => {
    const text = canonicalJson(handedOn() as unknown as Json);
    expect(canonicalJson(handedOn() as unknown as Json)).toBe(text);
    expect(programPlan.parse(JSON.parse(text))).toEqual(JSON.parse(text));
    expect(text).not.toMatch(/\b20\d\d-\d\d-\d\dT/);
  });

  test('has another fingerprint of a surface as soon as a row of it is another', () => {
    const [moved, before] = [handedOn(SETTLED).prestate, handedOn().prestate];
    expect(moved.species).not.toEqual(before.species);
    expect(moved.apr_approvals).toEqual(before.apr_approvals);
  });

  test('digests a step by its definition and its rows: those before it may be applied already, its own may not', () => {
    const afterW2 = foldPlans(PLANS.slice(0, 9), EMPTY, STACK);
    const later = planSteps(STEPS, afterW2, STACK);
    for (const [index, plan] of PLANS.entries()) {
      const digest = stepDigest(later[index] ?? plan);
      const brings = plan.rows.some(({ deltas }) => deltas.length > 0);
      if (index < 9 && brings) expect([plan.step.id, digest]).not.toEqual([plan.step.id, stepDigest(plan)]);
      else expect([plan.step.id, digest]).toEqual([plan.step.id, stepDigest(plan)]);
    }
    const [first] = PLANS;
    if (first === undefined) throw new Error('no plan');
    expect(stepDigest({ ...first, step: { ...first.step, attack: 'another' } })).not.toBe(stepDigest(first));
  });

  test('says of a long text how long it is and its digest, and cuts nothing else', () => {
    const long = 'x'.repeat(5_000);
    const short = shorten({ rows: [{ content: long, note: 'x'.repeat(4_000) }] }) as { rows: { content: string }[] };
    expect(short.rows[0]?.content).toMatch(/^<5000 characters with SHA-256 [0-9a-f]{64}; /);
    expect(digestOf(short)).not.toBe(digestOf(shorten({ rows: [{ content: `${long}y`, note: 'x'.repeat(4_000) }] })));
    expect(short.rows[0]).toMatchObject({ note: 'x'.repeat(4_000) });
  });
});
