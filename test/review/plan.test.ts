import { describe, expect, test } from 'vitest';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { root } from '../../engine/root.mjs';
import { disagreements } from '../../review/plan/agreement.ts';
import { planChanges } from '../../review/plan/compare.ts';
import { planDocumentIn, planDocumentOf, planText, programPlanIn } from '../../review/plan/document.ts';
import { planMarkdown } from '../../review/plan/markdown.ts';
import { policyRefusals, previewedResources, previewFailure } from '../../review/plan/preview.ts';
import { isSettled, summaryOf } from '../../review/plan/summary.ts';
import { altered, documentOf, PROGRAM, RESOURCES, STACK } from './support/plan.ts';

const hold = (code: string) => expect.objectContaining({ code });
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const PLAN = documentOf();
const rehashed = (change: (plan: PlanDocument) => void) => {
  const { source, versions, resources, ...program } = altered(PLAN, change);
  const { schema: _, plan_digest: __, ...rest } = program;
  return planDocumentOf({
    program: rest,
    source,
    versions,
    resources: resources.map((one) => ({ ...one })),
  });
};

describe('the document', () => {
  test('is canonical bytes that are read back as they were written', () => {
    expect(planDocumentIn(Buffer.from(planText(PLAN)))).toEqual(PLAN);
    expect(planText(documentOf())).toBe(planText(PLAN));
    expect(planText(PLAN)).not.toContain(root);
  });

  test.each([
    ['no JSON', Buffer.from('{')],
    ['a key twice', Buffer.from(planText(PLAN).replace('{', '{"schema":"c1.plan/v1",'))],
    ['another schema', bytes({ ...PLAN, schema: 'c1.plan/v2' })],
    ['a part left out', bytes({ ...PLAN, steps: undefined })],
    ['a part more', bytes({ ...PLAN, more: 1 })],
  ])('is refused when it is %s', (_, given) => {
    expect(() => planDocumentIn(given)).toThrow(hold('ERROR_PAYLOAD_INVALID'));
  });

  test('is never made of a half of what the program hands on', () => {
    expect(() => programPlanIn(bytes({ ...PROGRAM, steps: undefined }))).toThrow(hold('ERROR_READ_FAILED'));
    expect(programPlanIn(bytes(PROGRAM))).toEqual(PROGRAM);
  });
});

describe('against an earlier plan', () => {
  test('the same plan is no change', () => {
    expect(planChanges(documentOf(), PLAN)).toEqual([]);
  });

  test('a file that somebody altered is found by its own digest, whatever he altered', () => {
    for (const change of [
      (plan: PlanDocument) => {
        plan.plan_digest = 'f'.repeat(64);
      },
      (plan: PlanDocument) => {
        plan.bins = {};
      },
      (plan: PlanDocument) => {
        plan.steps.pop();
      },
    ]) {
      const found = planChanges(PLAN, altered(PLAN, change));
      expect(found.map(({ where }) => where)).toEqual(['plan file']);
    }
  });

  test.each<readonly [string, (plan: PlanDocument) => void, readonly string[]]>([
    [
      'a bin',
      (plan) => {
        plan.bins['dot-dot-register'] = 'c'.repeat(64);
      },
      ['bins/dot-dot-register'],
    ],
    [
      'the program',
      (plan) => {
        plan.source.digest = 'c'.repeat(64);
      },
      ['source/digest'],
    ],
    [
      'a version',
      (plan) => {
        plan.versions.sdk = '3.0.1';
      },
      ['versions/sdk'],
    ],
    [
      'the target',
      (plan) => {
        plan.target.system = '7';
      },
      ['target/system'],
    ],
    [
      'the state before',
      (plan) => {
        plan.prestate.species = { live: 13, total: 13, rows: 'c'.repeat(64) };
      },
      ['prestate/species'],
    ],
    [
      'what the engine would do',
      (plan) => {
        for (const one of plan.resources) if (one.name === 'species') one.op = 'same';
      },
      ['resource c1:species:Species species', 'resource command:local:Command species'],
    ],
    [
      'what is only told of a step',
      (plan) => {
        plan.label = [];
      },
      ['plan_digest'],
    ],
  ])('another one of %s is named', (_, change, expected) => {
    expect(planChanges(PLAN, rehashed(change)).map(({ where }) => where)).toEqual(expected);
  });

  test('another row is named, with the digests of its step', () => {
    const changed = rehashed((plan) => {
      const row = plan.steps.flatMap(({ rows }) => rows).find(({ name }) => name === 'species');
      const [delta] = row?.deltas ?? [];
      if (delta?.after == null) throw new Error('no row');
      delta.after.status = 'draft';
    });
    expect(planChanges(PLAN, changed).map(({ where }) => where)).toEqual(['W2 species/gov-canonical-op-vocab']);
  });
});

describe('against the preview of the engine', () => {
  const changed = (name: string, type: RegExp, change: object) =>
    RESOURCES.map((one) => (one.name === name && type.test(one.type) ? { ...one, ...change } : one));
  const found = (resources: typeof RESOURCES) => disagreements(PROGRAM.steps, resources);

  test('every row has its component and its command, and nothing else is there', () => {
    expect(RESOURCES.length).toBeGreaterThan(150);
    expect(found(RESOURCES)).toEqual([]);
  });

  test('a command that asks anew after a denial is the same command', () => {
    const [row] = RESOURCES.filter(({ name, create }) => name === 'registrar' && create !== null);
    const again = (row?.create ?? '').replace(' --for ', ' --after-denials 1 --for ');
    expect(again).toContain('--after-denials 1');
    expect(found(changed('registrar', /^command/, { create: again }))).toEqual([]);
    const other = (row?.create ?? '').replace('--step W1', '--step W2');
    expect(found(changed('registrar', /^command/, { create: other }))).toHaveLength(1);
  });

  test.each([
    ['a row that is missing', RESOURCES.filter(({ name }) => name !== 'species'), 2, /^W2 species /],
    ['a gate that is missing', RESOURCES.filter(({ name }) => name !== 'w3-gate'), 1, /^W3 \(.* w3-gate\)/],
    [
      'a resource that no step declares',
      [...RESOURCES, { type: 'command:local:Command', name: 'mine', op: 'create', create: './rm' }],
      1,
      /^resource command:local:Command mine/,
    ],
    ['a delete', changed('species', /^command/, { op: 'delete' }), 1, /^resource .* species/],
    ['a replace', changed('species', /^command/, { op: 'replace' }), 1, /^resource .* species/],
    ['rows to come of a command that does not run', changed('species', /^command/, { op: 'same' }), 1, /^W2 species /],
  ])('%s is named', (_, resources, count, where) => {
    const differences = found(resources);
    expect(differences).toHaveLength(count);
    for (const one of differences) expect(one.where).toMatch(where);
  });
});

describe('what the engine prints', () => {
  const step = (name: string, op = 'create') => {
    const urn = `urn:pulumi:trial::c1::command:local:Command::${name}`;
    return { op, urn, newState: { urn, type: 'command:local:Command', inputs: { create: './x' } } };
  };
  const printed = (change: object = {}) => JSON.stringify({ steps: [step('b'), step('a')], ...change });

  test('is a list in one order, whoever was quicker', () => {
    expect(previewedResources(printed()).map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('takes a resource that goes from the state before', () => {
    const { newState: oldState, ...rest } = step('old', 'delete');
    expect(previewedResources(printed({ steps: [{ ...rest, oldState }] }))).toMatchObject([
      { name: 'old', op: 'delete' },
    ]);
  });

  test.each([
    ['no JSON', 'error: no'],
    ['half a document', printed().slice(0, -5)],
    ['no step', printed({ steps: [] })],
    ['an error among the words', printed({ diagnostics: [{ severity: 'error', message: 'gave up' }] })],
  ])('is a stop and never "nothing to do" when it is %s', (_, text) => {
    expect(() => previewedResources(text)).toThrow(hold('ERROR_READ_FAILED'));
  });

  test('gives the words of a failure, whatever they stand in', () => {
    expect(previewFailure(printed({ diagnostics: [{ message: 'HOLD_DRIFT: seen' }] }))).toBe('HOLD_DRIFT: seen');
    expect(previewFailure('error: no')).toBe('error: no');
  });
});

describe('in words', () => {
  test('equal, different and nothing to do are three verdicts, and the last is no approval', () => {
    expect(summaryOf(PLAN, [], STACK)).toMatchObject({ code: 'OK_PLANNED', operations: { create: RESOURCES.length } });
    const one = { where: 'W2 species', seen: 'a', expected: 'b' };
    expect(summaryOf(PLAN, [one], STACK)).toMatchObject({ code: 'HOLD_PLAN_DIFFERENT' });
    const same = RESOURCES.map((resource) => ({ ...resource, op: 'same' }));
    const quiet = altered(PROGRAM, ({ steps }) => {
      for (const row of steps.flatMap(({ rows }) => rows)) row.deltas = [];
    });
    expect(isSettled(documentOf(PROGRAM, same))).toBe(false);
    expect(isSettled(documentOf(quiet, RESOURCES))).toBe(false);
    expect(summaryOf(documentOf(quiet, same), [], STACK)).toMatchObject({
      code: 'NOOP_NOTHING_TO_DO',
      verdict: expect.stringContaining('no approval'),
    });
  });

  test('a page for a pull request has verdict and digest on top, and says how much it leaves out', () => {
    const summary = summaryOf(PLAN, [], STACK);
    const page = planMarkdown(PLAN, summary, [], STACK);
    expect(page.indexOf(summary.verdict)).toBeLessThan(page.indexOf(PLAN.plan_digest));
    expect(page).toContain('W2 species: insert species/gov-canonical-op-vocab');
    expect(page).not.toContain(' more of ');
    const many = Array.from({ length: 2_000 }, (_, n) => ({ where: `W2 row ${n}`, seen: '`a`\nb', expected: 'c' }));
    const long = planMarkdown(PLAN, summary, many, STACK);
    expect(long.length).toBeLessThan(65_536);
    expect(long).toMatch(/… and \d+ more of 2000: all of them are in the plan file/);
    expect(long).toContain("- `W2 row 0: seen 'a' b, expected c`");
  });
});

test('what mandatory rules refused is read from the events, and what they only advise is not', () => {
  const event = (message: string, enforcementLevel: string) =>
    JSON.stringify({ policyEvent: { message, enforcementLevel } });
  const events = [
    event('REJECT one', 'mandatory'),
    '{"preludeEvent":{}}',
    event('advice', 'advisory'),
    event('REJECT two', 'mandatory'),
    '',
  ];
  expect(policyRefusals(events.join('\n'))).toBe('REJECT one\nREJECT two');
  expect(policyRefusals('')).toBe('');
});
