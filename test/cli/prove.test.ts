import { expect, test } from 'vitest';
import type { Observation } from '../../cli/demo/observe.ts';
import { proveApplied, proveNothingWritten, proveRetired, proveSame } from '../../cli/demo/prove.ts';
import { runtimeState } from '../../domain/runtime-state.ts';
import { DATABASE_SURFACES } from '../../domain/surfaces.ts';

const line = (surface: string, key: string, row: object = {}) => JSON.stringify({ key, row, surface });

/** A runtime with one tool and two species; `live` replaces the lines, `foreign` the rows of a surface, `ours` rows that a resource claimed once. */
function observation(
  change: {
    live?: readonly string[];
    foreign?: Record<string, string[]>;
    ours?: Record<string, string[]>;
    writes?: string;
  } = {},
): Observation {
  const live = change.live ?? [line('dot_tools', 'a'), line('species', 's1'), line('species', 's2')];
  const counters = Object.fromEntries(DATABASE_SURFACES.map(({ name }) => [name, countOf(live, name)]));
  const foreign = { dot_tools: ['(a)'], species: ['(s1)', '(s2)'], dot_ledger: ['(1)'], ...change.foreign };
  return {
    state: runtimeState.parse({ ...EMPTY, counters }),
    live,
    rows: new Map(
      Object.entries(foreign).map(([name, lines]) => [
        name,
        [
          ...lines.map((line) => ({ line, foreign: true })),
          ...(change.ours?.[name] ?? []).map((line) => ({ line, foreign: false })),
        ],
      ]),
    ),
    writes: change.writes ?? 'w',
  };
}

function countOf(live: readonly string[], surface: string): { live: number; total: number } {
  const rows = live.filter((text) => text.includes(`"surface":"${surface}"`)).length;
  return { live: rows, total: rows };
}

const EMPTY = {
  baseline: null,
  stepDeltas: {},
  movedSurfaces: [],
  toolsWithoutEntry: [],
  toolsTwice: [],
  catalogueCount: null,
  drift: [],
  ledger: { brokenAt: null, entries: 1, atBaseline: 1, runs: 0, head: null },
  guard: { seen: 'g', installed: 'g' },
  bins: null,
  steps: [],
  approvals: 'none',
  vocabularyRows: 0,
  target: { system: '1', database: '1' },
};

const before = observation();

test('an up that brought exactly the planned rows is proven, and every surface is counted', () => {
  const after = observation({ live: [...before.live, line('species', 'new')] });
  const counts = proveApplied(before, after, { species: 1 });
  expect(counts.find(({ surface }) => surface === 'species')).toMatchObject({ before: 2, after: 3, planned: 1 });
  expect(counts).toHaveLength(DATABASE_SURFACES.filter(({ kind }) => kind !== 'bookkeeping').length);
});

test('a row too many, a row too few, and a changed row of an unplanned surface are a HOLD', () => {
  const more = observation({ live: [...before.live, line('species', 'n1'), line('species', 'n2')] });
  expect(() => proveApplied(before, more, { species: 1 })).toThrow(
    /HOLD_COUNTER_DRIFT: seen species 2 → 4, expected 2 → 3/,
  );
  expect(() => proveApplied(before, before, { species: 1 })).toThrow(/HOLD_COUNTER_DRIFT: seen species 2 → 2/);
  const changed = observation({ live: [line('dot_tools', 'a', { name: 'other' }), ...before.live.slice(1)] });
  expect(() => proveApplied(before, changed, {})).toThrow(/HOLD_COUNTER_DRIFT: seen .*other/);
});

test('one row written by a preview is a HOLD', () => {
  expect(proveNothingWritten(before, observation(), 'preview')).toBeUndefined();
  expect(() => proveNothingWritten(before, observation({ writes: 'x' }), 'preview')).toThrow(/rows that preview wrote/);
});

test('after a retire every older row is byte for byte there, and history may only grow', () => {
  expect(proveRetired(before, observation({ foreign: { dot_ledger: ['(1)', '(2)'] } }))).toBe(4);
  const cases: readonly Record<string, string[]>[] = [
    { species: ['(s1)'] },
    { species: ['(s1)', '(s2 )'] },
    { species: ['(s1)', '(s2)', '(s3)'] },
    { dot_ledger: ['(1 )', '(2)'] },
  ];
  for (const foreign of cases) expect(() => proveRetired(before, observation({ foreign }))).toThrow(/HOLD_DRIFT/);
  // Changed by a step and changed back: claimed once, and as it was.
  const turned = observation({ foreign: { species: ['(s1)'] }, ours: { species: ['(s2)', '(retired)'] } });
  expect(proveRetired(before, turned)).toBe(4);
  const otherwise = observation({ foreign: { species: ['(s1)'] }, ours: { species: ['(s2 )'] } });
  expect(() => proveRetired(before, otherwise)).toThrow(/HOLD_DRIFT: seen species without \(s2\)/);
  const left = observation({ live: [...before.live, line('species', 'new')] });
  expect(() => proveRetired(before, left)).toThrow(/HOLD_DRIFT: seen .*new.*, expected no such row/);
});

test('a second up that comes to another row is a HOLD', () => {
  expect(proveSame(before, observation())).toBeUndefined();
  const other = observation({ live: [...before.live.slice(0, 2), line('species', 's2', { status: 'other' })] });
  expect(() => proveSame(before, other)).toThrow(/HOLD_DRIFT: seen .*other/);
});
