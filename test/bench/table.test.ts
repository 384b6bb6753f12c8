import { expect, test } from 'vitest';
import { type Measured, type NotMeasured, resultOf } from '../../bench/measurement.ts';
import { isGood, tableJson } from '../../bench/table.ts';
import { STAGING_LABELS } from '../../domain/label.ts';

const measured: Measured = {
  kind: 'measured',
  name: 'preview',
  compares: 'one / other',
  value: 1.5,
  unit: 'times',
  limit: 1.5,
  figures: '',
  runs: {},
};
const missing: NotMeasured = {
  kind: 'not measured',
  name: 'up',
  compares: 'one / other',
  limit: 0.4,
  reason: 'no python3',
};

test('a value at its limit passes, one above it is over, one without a limit is only told', () => {
  expect(resultOf(measured)).toBe('pass');
  expect(resultOf({ ...measured, value: 1.51 })).toBe('over');
  expect(resultOf({ ...measured, limit: null })).toBe('info');
});

test('a run is good when everything was measured and nothing is over; one that measured nothing is not', () => {
  expect(isGood([measured, { ...measured, limit: null }])).toBe(true);
  expect(isGood([measured, { ...measured, value: 2 }])).toBe(false);
  expect(isGood([measured, missing])).toBe(false);
  expect(isGood([])).toBe(false);
});

test('the document carries the staging label, and the reason of what was not measured', () => {
  const document = tableJson([measured, missing], 3);
  expect(document).toMatchObject({ label: STAGING_LABELS, ok: false, runsOfEachSide: 3 });
  expect(document.rows).toMatchObject([{ result: 'pass' }, { result: 'not measured', reason: 'no python3' }]);
});
