import { afterAll, beforeAll, expect, test } from 'vitest';
import { judge } from '../../cli/recover/pending.ts';
import { commandFor } from '../../domain/steps/step.ts';
import { createThrough, mustRun, rowNamed } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';

const [ENSURE, SYNC, TOOL] = ['catalogue-ensure', 'catalogue-sync', 'tool-dot-c1-vocab-build'];

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'ledger-dot-c1-vocab-build');
});
afterAll(() => trial?.dispose());

/** An operation that a killed engine left pending, with the commands that the program declares. */
function pending(type: 'creating' | 'deleting', name: string) {
  const row = rowNamed(name);
  const claimant = { stack: 'trial', resource: row.owner };
  const inputs = { create: `./${commandFor(row.create, claimant)}`, delete: `./${commandFor(row.retire, claimant)}` };
  return { type, resource: { urn: `urn:pulumi:trial::c1::${name}::${name}`, type: 'command:local:Command', inputs } };
}

async function words(...operations: readonly (readonly ['creating' | 'deleting', string])[]) {
  const judged = await judge(
    trial.runtime.stateDir,
    operations.map(([type, name]) => pending(type, name)),
  );
  return judged.map(({ outcome }) => outcome);
}

test('two resources that share a row are told apart by their DOT, on the way up and on the way down', async () => {
  const up = [
    ['creating', ENSURE],
    ['creating', SYNC],
  ] as const;
  expect(await words(...up)).toEqual(['not begun', 'not begun']);
  await mustRun(trial, ENSURE, 'create');
  expect(await words(...up)).toEqual(['applied', 'not begun']);
  await mustRun(trial, TOOL, 'create');
  expect(await words(['creating', TOOL], ['deleting', TOOL])).toEqual(['applied', 'not begun']);
  await mustRun(trial, SYNC, 'create');
  expect(await words(['creating', SYNC], ['deleting', SYNC], ['deleting', ENSURE])).toEqual([
    ...['applied', 'only reads', 'not begun'],
  ]);
  await mustRun(trial, TOOL, 'retire');
  await mustRun(trial, ENSURE, 'retire');
  expect(await words(['deleting', TOOL], ['deleting', ENSURE], ...up)).toEqual([
    ...['applied', 'applied', 'not begun', 'not begun'],
  ]);
});

test('a row whose retire is another DOT than its create is judged by the one that was started', async () => {
  const birth = 'birth-dot-c1-vocab-build';
  for (const name of ['ledger-dot-c1-vocab-build', 'admission-dot-c1-vocab-build', birth]) {
    expect(await words(['creating', name], ['deleting', name])).toEqual(['applied', 'not begun']);
    await mustRun(trial, name, 'retire');
    expect(await words(['creating', name], ['deleting', name])).toEqual(['not begun', 'applied']);
  }
});
