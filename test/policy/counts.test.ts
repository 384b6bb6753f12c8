import { expect, test } from 'vitest';
import { plannedCounts } from '../../domain/planned-deltas.ts';
import type { Placed } from '../../policy/rule.ts';
import { gatesExpectThePlan } from '../../policy/rules/gates-expect-the-plan.ts';
import { plannedRowCounts } from '../../policy/rules/planned-row-counts.ts';
import { asking, calling, planned, seenBy } from './fixtures.ts';

const rowRule = plannedRowCounts(planned);
const gateRule = gatesExpectThePlan(planned);
const gate = (step: string) => `./c1-reader gate --step ${step}`;
const expectedOf = (step: 'H2' | 'W4') => plannedCounts(planned, step) as Record<string, number>;

test('a gate that expects the planned counts is taken, of a step that brings nothing as well', () => {
  expect(seenBy(gateRule, asking(gate('W4'), { expected: expectedOf('W4'), checks: ['x'] }))).toBe('');
  expect(seenBy(gateRule, asking(gate('H2'), { expected: {} }))).toBe('');
});

test.each([
  ['one row less', asking(gate('W4'), { expected: { ...expectedOf('W4'), dot_tools: 7 } })],
  ['one surface less', asking(gate('W4'), { expected: { dot_tools: 8 } })],
  ['one surface more', asking(gate('H2'), { expected: { dot_tools: 1 } })],
  ['nothing', asking(gate('W4'), {})],
  ['no request', calling(gate('W4'))],
  ['the rows of an unknown step', asking(gate('W10'), { expected: {} })],
])('a gate that expects %s is refused', (_title, resource) => {
  expect(seenBy(gateRule, resource)).toContain('tool expecting');
});

const W5: readonly Placed[] = [
  row('c1:step:ContractBinding', 'w5', 'c1-dryrun'),
  row('c1:contract:AgentApiContract', 'contract-build', 'w5'),
  row('c1:contract:AgentApiContract', 'contract-verify', 'w5'),
];

test('the planned rows of the declared steps are taken; of steps that are not declared nothing is asked', () => {
  expect(seenOf(W5)).toEqual([]);
  expect(seenOf([])).toEqual([]);
});

test.each([
  ['a row too few', W5.slice(0, 2), 'W5: 1 rows of dot_agent_api_contract'],
  [
    'a row too many',
    [...W5, row('c1:contract:AgentApiContract', 'more', 'w5')],
    'W5: 3 rows of dot_agent_api_contract',
  ],
  ['a row of another surface', [...W5, row('c1:registry:DotTool', 'tool', 'w5')], 'W5: 1 rows of dot_tools'],
  ['a row of no known type', [...W5, row('c1:registry:Thing', 'thing', 'w5')], 'thing of type c1:registry:Thing'],
  ['a row in no step', [...W5, row('c1:registry:DotTool', 'tool', null)], 'tool in no step'],
  ['a row in a step that is not declared', [...W5, row('c1:registry:DotTool', 'tool', 'w4')], 'tool in w4'],
])('%s is refused', (_title, resources, seen) => {
  expect(seenOf(resources)).toContain(seen);
});

test('the row of the catalogue is counted twice by two resources, and is one row', () => {
  const counted = (code: string, name: string) => ({ ...row('c1:registry:Catalogue', name, 'w4'), known: { code } });
  const step = row('c1:step:ToolRegistration', 'w4', 'c1-dryrun');
  const tools = Array.from({ length: 8 }, (_, at) => row('c1:registry:DotTool', `tool-${at}`, 'w4'));
  expect(seenOf([step, ...tools, counted('CAT-006', 'ensure'), counted('CAT-006', 'sync')])).toEqual([]);
  expect(seenOf([step, ...tools, counted('CAT-006', 'ensure'), counted('CAT-007', 'sync')])).toEqual([
    'W4: 2 rows of meta_catalog',
  ]);
});

function seenOf(resources: readonly Placed[]): readonly string[] {
  return rowRule.checkStack(resources).map(({ seen }) => seen);
}

function row(type: string, name: string, parent: string | null): Placed {
  return { type, name, parent, known: {} };
}
