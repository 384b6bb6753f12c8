import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { supersede } from '../../domain/readiness/supersession.ts';

const row = (operation_code: string, protocol_version: string, changes: object = {}) => ({
  ...{ operation_code, protocol_version, status: 'active', semantic_definition: null as string | null },
  ...changes,
});
const OLD = [row('add', '1'), row('drop', '1'), row('keep', '1')];
const NEXT = [row('keep', '2'), row('make', '2'), row('drop', '2', { status: 'retired' })];
const code = (name: string) => expect.objectContaining({ code: name });

test('what is superseded stays, and nothing is deleted', () => {
  expect(supersede({ old: OLD, next: NEXT })).toEqual({
    ...{ from: '1', to: '2', superseded: ['add', 'drop', 'keep'], live: ['keep', 'make'] },
    ...{ without_successor: ['add', 'drop'], added: ['make'], redefined: [], rows_left: 6, rows_deleted: 0 },
  });
});

test('what means something else under the new version is named', () => {
  const next = [row('keep', '2', { semantic_definition: 'another' }), row('add', '2'), row('drop', '2')];
  expect(supersede({ old: OLD, next })).toMatchObject({ redefined: ['keep'], without_successor: [] });
});

test('version ten comes after version nine', () => {
  expect(supersede({ old: [row('a', '9')], next: [row('a', '10')] })).toMatchObject({ from: '9', to: '10' });
});

describe('refused, and made good', () => {
  const good = () => supersede({ old: OLD, next: NEXT });

  test.each([
    ['the same version', OLD, [row('make', '1')], 'REJECT_PROTOCOL_VERSION'],
    ['a lower one', NEXT, OLD, 'REJECT_PROTOCOL_VERSION'],
    ['two versions in one', OLD, [...NEXT, row('x', '3')], 'REJECT_PROTOCOL_VERSION'],
    ['two old versions in one', [...OLD, row('x', '2')], [row('x', '3')], 'REJECT_PROTOCOL_VERSION'],
    ['no number', OLD, [row('x', 'two')], 'REJECT_PROTOCOL_VERSION'],
    ['a number with a zero before it', OLD, [row('x', '02')], 'REJECT_PROTOCOL_VERSION'],
    ['an operation twice', OLD, [...NEXT, row('keep', '2')], 'REJECT_DUPLICATE_OPERATION'],
    ['an old operation twice', [...OLD, row('add', '1')], NEXT, 'REJECT_DUPLICATE_OPERATION'],
    ['another meaning', OLD, [row('add', '1', { semantic_definition: 'x' })], 'REJECT_SEMANTIC_REWRITE'],
    ['another state', OLD, [row('add', '1', { status: 'retired' })], 'REJECT_SEMANTIC_REWRITE'],
  ])('%s', (_title, old, next, refusal) => {
    expect(() => supersede({ old, next })).toThrow(code(refusal));
    expect(good).not.toThrow();
  });
});

test('whatever the versions are, no row is lost', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(names, names, (before, after) => {
      const said = supersede({
        old: before.map((name) => row(name, '1')),
        next: after.map((name) => row(name, '2')),
      });
      const next = new Set(after);
      return (
        said.rows_left === before.length + after.length &&
        said.superseded.length === before.length &&
        said.without_successor.every((name) => !next.has(name)) &&
        said.without_successor.length + before.filter((name) => next.has(name)).length === before.length
      );
    }),
    { numRuns: 500, verbose: 1 },
  );
});
