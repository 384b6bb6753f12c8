import { expect, test } from 'vitest';
import type { Delta } from '../../domain/deltas.ts';
import { failureOf } from '../../domain/failure.ts';
import { type Outcome, outcomeLine } from '../../dots/kernel/outcome.ts';

const outcome: Outcome = {
  dot: 'DOT_SPECIES_REGISTER',
  version: '1.0.0',
  mode: 'real',
  outcome: 'OK',
  code: 'OK_APPLIED',
  message: 'one row',
  remedy: 'nothing',
  deltas: [],
  readback: { rows: 1 },
  requestId: null,
  label: [],
};

test('a fault of our own is ERROR_INTERNAL with its cause, and no other code', () => {
  const cause = new TypeError('boom');
  expect(failureOf(cause)).toMatchObject({ code: 'ERROR_INTERNAL', exitCode: 1, cause });
});

test('an answer stays below 16 KiB: deltas that do not fit are left out and counted', () => {
  const delta: Delta = { surface: 'species', key: 'x', op: 'insert', before: null, after: { text: 'a'.repeat(200) } };
  expect(JSON.parse(outcomeLine({ ...outcome, deltas: [delta] }))).toMatchObject({ deltas: [delta] });
  const long = outcomeLine({ ...outcome, deltas: Array.from({ length: 100 }, () => delta) });
  expect(Buffer.byteLength(long)).toBeLessThan(16 * 1024);
  expect(JSON.parse(long)).toMatchObject({ deltas: [], deltasLeftOut: 100 });
});
