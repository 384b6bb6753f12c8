import { afterAll, beforeAll, expect, test } from 'vitest';
import { C1_DOT_CODES } from '../../domain/dots.ts';
import { slug } from '../../domain/steps/step.ts';
import { codeOf, createThrough, lifeOf, mustRun, printed, rowsOf, run, startHeld, type Way } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

/** Each write of a bin, and the moment before which it is killed. */
const WRITES = [
  /declare_run/,
  /open_run/,
  /iu_core\.(?!declare_run|open_run|close_run|read_refs)\w+\(/,
  /close_run/,
  /^commit$/,
];

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'species');
  for (const code of C1_DOT_CODES) for (const name of lifeOf(slug(code))) await mustRun(trial, name, 'create');
});
afterAll(() => trial?.dispose());

async function killAt(name: string, way: Way, statement: RegExp, moment: 'before' | 'after'): Promise<void> {
  const { ended, kill, stop } = await startHeld(trial, [name, way], statement, { moment });
  kill('SIGKILL');
  expect((await ended).signal).toBe('SIGKILL');
  stop.cut();
}

/** Rows that nobody may find twice, and the count that the catalogue says. */
function registry(): Promise<object> {
  return trial.value(`select jsonb_build_object(
    'live', (select count(*) from public.dot_tools where status <> 'retired'),
    'c1', (select count(distinct (code, name, file)) from iu_core.v_c1_tool),
    'entries', (select count(*) from iu_core.v_ledger_live l where l.subject like 'dot\\_tools/DOT\\_C1%' and l.direction = 'apply'),
    'counted', (select record_count from public.meta_catalog where code = 'CAT-006'),
    'broken', iu_core.verify_ledger(), 'drift', (select count(*) from iu_core.claim_drift()),
    'twice', iu_core.tools_twice(), 'without', iu_core.tools_without_entry()) as v`);
}

const WHOLE = { broken: null, drift: 0, twice: [], without: [] };
const names = rowsOf('W4').map(({ name }) => name);

test('W4 with every bin killed before one of its writes, then run to its end, comes to 317 and no row twice', async () => {
  for (const [at, name] of names.entries()) {
    const before = await registry();
    await killAt(name, 'create', WRITES[at % WRITES.length] ?? /^commit$/, 'before');
    expect(await registry()).toEqual(before);
    expect(codeOf(await run(trial, name, 'create'))).toBe('OK_APPLIED');
    expect(codeOf(await run(trial, name, 'create'))).toBe('NOOP_ALREADY_THERE');
  }
  expect(await registry()).toEqual({ ...WHOLE, live: 317, c1: 8, entries: 8, counted: 317 });
});

test('its retire with every bin killed after its commit, in the order of a destroy, comes to 309', async () => {
  for (const name of names.toReversed()) {
    if (name === 'catalogue-sync') {
      expect(printed(await run(trial, name, 'retire')).mode).toBe('dry-run');
      continue;
    }
    await killAt(name, 'retire', /^commit$/, 'after');
    expect(codeOf(await run(trial, name, 'retire'))).toBe('NOOP_NOT_OURS');
  }
  expect(await registry()).toEqual({ ...WHOLE, live: 309, c1: 0, entries: 0, counted: 309 });
});

for (const name of ['catalogue-sync', 'catalogue-ensure'] as const) {
  const way: Way = name === 'catalogue-sync' ? 'create' : 'retire';
  test(`${way} of ${name} killed before each of its writes leaves nothing, after the last one everything`, async () => {
    const [tool = ''] = names.filter((one) => one.startsWith('tool-'));
    if (way === 'create') await mustRun(trial, tool, 'create');
    else await countedWithout(tool);
    const before = await trial.fingerprint({ intents: false });
    for (const statement of WRITES) await killAt(name, way, statement, 'before');
    expect(await trial.fingerprint({ intents: false })).toBe(before);
    await killAt(name, way, /^commit$/, 'after');
    expect(codeOf(await run(trial, name, way))).toBe(way === 'create' ? 'NOOP_ALREADY_THERE' : 'NOOP_NOT_OURS');
    const tools = way === 'create' ? 1 : 0;
    expect(await registry()).toEqual({ ...WHOLE, live: 309 + tools, c1: tools, entries: tools, counted: 309 + tools });
  });
}

/** The catalogue is released after the tools are gone, and is then still claimed. */
async function countedWithout(tool: string): Promise<void> {
  await mustRun(trial, tool, 'retire');
  await mustRun(trial, 'catalogue-sync', 'create');
}

test('after all of that W4 comes to 317 again', async () => {
  for (const name of names) await mustRun(trial, name, 'create');
  expect(await registry()).toEqual({ ...WHOLE, live: 317, c1: 8, entries: 8, counted: 317 });
});
