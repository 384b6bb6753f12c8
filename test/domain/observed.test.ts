import { expect, test } from 'vitest';
import type { PlanDocument, PlannedDelta } from '../../domain/planning/document.ts';
import { type JournalledRun, observedDifferences, plannedRuns } from '../../domain/planning/observed.ts';

const delta = (surface: PlannedDelta['surface'], key: string): PlannedDelta => ({
  ...{ surface, key, op: 'retire', before: {}, after: null },
});
const row = (owner: string, digest: string, deltas: readonly PlannedDelta[]) => ({
  owner,
  delta_digest: digest,
  deltas,
});

const PLAN = {
  ...{ stack: 'dryrun', direction: 'retire' },
  steps: [
    { id: 'W6', rows: [row('executor-image', 'e', [delta('executor_image', 'x')])] },
    { id: 'W3', rows: [row('table', 'a', [delta('table_registry', 'c1/x')]), row('idle', 'n', [])] },
    { id: 'W2', rows: [row('species', 'b', [delta('species', 's'), delta('dot_ledger', 'species/s')])] },
  ],
} as unknown as PlanDocument;

const run = (step: string, resource: string, digest: string, more: Partial<JournalledRun> = {}): JournalledRun => ({
  ...{ step, stack: 'dryrun', resource, direction: 'retire', delta_digest: digest, rows: [`retire of ${resource}`] },
  ...more,
});
const DONE = [run('W3', 'table', 'a'), run('W2', 'species', 'b')];

const wheres = (runs: readonly JournalledRun[]) => observedDifferences(PLAN, runs).map(({ where }) => where);

test('the planned runs are no difference, in whatever order; a deploy and an idle command are no runs', () => {
  expect(observedDifferences(PLAN, DONE)).toEqual([]);
  expect(observedDifferences(PLAN, DONE.toReversed())).toEqual([]);
  expect(plannedRuns(PLAN)).toHaveLength(2);
});

test('a run that is missing is named with its rows', () => {
  expect(observedDifferences(PLAN, DONE.slice(1))).toEqual([
    { where: 'W3 dryrun/table', seen: 'no such run', expected: 'retire table_registry/c1/x (retire a)' },
  ]);
});

test('a run too many is named: of another resource, the same twice, an apply, another stack', () => {
  const extra = run('W3', 'other', 'c');
  expect(observedDifferences(PLAN, [...DONE, extra])).toEqual([
    { where: 'W3 dryrun/other', seen: 'retire of other (retire c)', expected: 'no such run' },
  ]);
  expect(wheres([...DONE, ...DONE.slice(0, 1)])).toEqual(['W3 dryrun/table']);
  expect(wheres([...DONE, run('W3', 'table', 'a', { direction: 'apply' })])).toEqual(['W3 dryrun/table']);
  expect(wheres([...DONE, run('W3', 'table', 'a', { stack: 'else' })])).toEqual(['W3 else/table']);
});

test('a run with other rows is one difference, with both; one under another step is two', () => {
  expect(observedDifferences(PLAN, [run('W3', 'table', 'z'), ...DONE.slice(1)])).toEqual([
    {
      where: 'W3 dryrun/table',
      seen: 'retire of table (retire z)',
      expected: 'retire table_registry/c1/x (retire a)',
    },
  ]);
  expect(wheres([run('W2', 'table', 'a'), ...DONE.slice(1)])).toEqual(['W3 dryrun/table', 'W2 dryrun/table']);
});

test('of a walk that stopped half-way nothing is missing yet; what is too many or another still is', () => {
  expect(observedDifferences(PLAN, DONE.slice(1), 'begun')).toEqual([]);
  const wrong = [run('W3', 'table', 'z'), run('W3', 'other', 'c')];
  expect(observedDifferences(PLAN, wrong, 'begun').map(({ where }) => where)).toEqual([
    'W3 dryrun/table',
    'W3 dryrun/other',
  ]);
});
