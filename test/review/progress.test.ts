import { expect, test } from 'vitest';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { progressChanges } from '../../review/plan/compare.ts';
import { planDocumentOf } from '../../review/plan/document.ts';
import { altered, documentOf } from './support/plan.ts';

const PLAN = documentOf();

function changed(change: (plan: PlanDocument) => void): PlanDocument {
  const { source, versions, resources, schema: _, plan_digest: __, ...program } = altered(PLAN, change);
  return planDocumentOf({ program, source, versions, resources: resources.map((one) => ({ ...one })) });
}

const wheres = (now: PlanDocument) => progressChanges(now, PLAN).map(({ where }) => where);
const firstRow = (plan: PlanDocument) => plan.steps.flatMap(({ rows }) => rows).find(({ deltas }) => deltas.length > 0);

test('the same plan, and what is left of it after a part was applied, is no difference', () => {
  expect(wheres(documentOf())).toEqual([]);
  const begun = changed((plan) => {
    const row = firstRow(plan);
    if (row !== undefined) Object.assign(row, { deltas: [], delta_digest: 'e'.repeat(64) });
    plan.resources = plan.resources.map((one) => ({ ...one, op: 'same' }));
    plan.bins = { ...plan.bins, 'dot-new': 'b'.repeat(64) };
  });
  expect(begun.plan_digest).not.toBe(PLAN.plan_digest);
  expect(wheres(begun)).toEqual([]);
});

test('a row that would become another, another definition, program, target or configuration are named', () => {
  const row = changed((plan) => Object.assign(firstRow(plan) ?? {}, { delta_digest: 'e'.repeat(64) }));
  expect(wheres(row)).toEqual(['BASELINE row baseline']);
  const step = PLAN.steps[0]?.id;
  const definition = changed((plan) => Object.assign(plan.steps[0] ?? {}, { definition_digest: 'e'.repeat(64) }));
  expect(wheres(definition)).toEqual([`${step} definition`]);
  expect(wheres(changed((plan) => Object.assign(plan.source, { digest: 'e'.repeat(64) })))).toEqual(['source']);
  expect(wheres(changed((plan) => Object.assign(plan.target, { system: 'another' })))).toEqual(['target']);
  expect(wheres(changed((plan) => Object.assign(plan.config, { grant_generation: 2 })))).toEqual(['config']);
  expect(progressChanges(PLAN, { ...PLAN, stack: 'other' }).map(({ where }) => where)).toEqual(['plan file']);
});

test('a row more than the plan had is named, and so is a step that is gone', () => {
  const earlier = changed((plan) => Object.assign(firstRow(plan) ?? {}, { deltas: [], delta_digest: 'e'.repeat(64) }));
  expect(progressChanges(PLAN, earlier)).toMatchObject([{ expected: 'nothing of it, as in the earlier plan' }]);
  const fewer = changed((plan) => {
    plan.steps = plan.steps.slice(1);
  });
  expect(wheres(fewer)).toEqual([`${PLAN.steps[0]?.id} definition`]);
});
