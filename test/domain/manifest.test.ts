import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson, sha256Hex } from '../../domain/canonical.ts';
import {
  type ActionTypeRow,
  actionSetOf,
  hashPieces,
  manifestBytes,
  manifestHash,
  manifestOf,
  manifestPieces,
  resolveOperations,
} from '../../domain/manifest.ts';
import { createThrough } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';

const row = (action_code: string | null, change: Partial<ActionTypeRow> = {}): ActionTypeRow => ({
  action_code,
  act_type: 'canonical_operation',
  protocol_version: '1',
  status: 'active',
  ...change,
});

describe('the operations', () => {
  test('are the active ones of the one act type, by code, whatever order they come in', () => {
    const rows = [row('b'), row('a'), row('x', { act_type: 'content_action' }), row('y', { status: 'inactive' })];
    expect(actionSetOf(resolveOperations(rows))).toEqual(['a', 'b']);
    expect(manifestHash(resolveOperations(rows))).toBe(manifestHash(resolveOperations(rows.toReversed())));
  });

  test('stand in UTF-16 code-unit order, which differs from that of the code points', () => {
    expect(actionSetOf(resolveOperations([row('\uFB33'), row('\u{1F600}'), row('a')]))).toEqual([
      'a',
      '\u{1F600}',
      '\uFB33',
    ]);
  });

  test.each([
    ['null', row(null), 'ERROR_PAYLOAD_INVALID'],
    ['empty', row(''), 'ERROR_PAYLOAD_INVALID'],
    ['10 MB long', row('x'.repeat(10_000_000)), 'ERROR_PAYLOAD_INVALID'],
    ['half a surrogate pair', row('\uD800'), 'ERROR_PAYLOAD_INVALID'],
    ['twice there', row('a'), 'REJECT_DUPLICATE_OPERATION'],
    ['of another protocol version', row('c', { protocol_version: '2' }), 'REJECT_PROTOCOL_VERSION'],
    ['without a protocol version', row('c', { protocol_version: null }), 'REJECT_PROTOCOL_VERSION'],
  ])(
    'a code that is %s is refused by name, at once and in pieces; the others alone are taken',
    async (_t, bad, code) => {
      expect(() => resolveOperations([row('a'), bad])).toThrow(new RegExp(`^${code}: `));
      await expect(hashPieces(manifestPieces([row('a'), bad]))).rejects.toThrow(new RegExp(`^${code}: `));
      expect(resolveOperations([row('a')])).toHaveLength(1);
    },
  );

  test('none at all is no manifest, and a message never quotes megabytes', async () => {
    expect(() => resolveOperations([row('y', { status: 'inactive' })])).toThrow(/^REJECT_MANIFEST_MISSING: /);
    await expect(hashPieces(manifestPieces([]))).rejects.toThrow(/^REJECT_MANIFEST_MISSING: /);
    expect(() => resolveOperations([row('x'.repeat(10_000_000))])).toThrow(/10000000 characters/);
  });

  test('in pieces they are the same bytes however many pieces there are', async () => {
    for (const count of [199, 200, 201, 1_000]) {
      const rows = Array.from({ length: count }, (_, at) => row(`é"\u2028${String(at).padStart(5, '0')}`));
      const pieces: string[] = [];
      for await (const piece of manifestPieces(rows)) pieces.push(piece);
      expect(pieces.join('')).toBe(manifestBytes(resolveOperations(rows)).toString('utf8'));
    }
  });

  test('in pieces they must come in order', async () => {
    await expect(hashPieces(manifestPieces([row('b'), row('a')]))).rejects.toThrow(/a after b/);
    expect(await hashPieces(manifestPieces([row('a'), row('b')]))).toBe(
      manifestHash(resolveOperations([row('a'), row('b')])),
    );
  });
});

test('whatever the codes are, the pieces are the canonical bytes, and changing one row changes the hash', async () => {
  const code = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }).filter((text) => text.isWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(code, { minLength: 1, maxLength: 30 }), async (codes) => {
      const operations = resolveOperations(codes.map((text) => row(text)));
      const text = manifestBytes(operations).toString('utf8');
      expect(text).toBe(canonicalJson(JSON.parse(text)));
      expect(JSON.parse(text)).toEqual(manifestOf(operations));
      const sorted = actionSetOf(operations).map((one) => row(one));
      expect(await hashPieces(manifestPieces(sorted))).toBe(manifestHash(operations));
      const other = resolveOperations([...codes, `${codes.join('')}x`].map((one) => row(one)));
      expect(manifestHash(other)).not.toBe(manifestHash(operations));
    }),
  );
});

describe('three computations agree on the runtime', () => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await createTrial();
    await createThrough(trial, 'manifest-function');
  });
  afterAll(() => trial?.dispose());

  test('Node, PostgreSQL over its own bytes, and sha256sum', async () => {
    const pool = await trial.runtime.pool('auditor_ro');
    const columns = 'action_code, act_type, protocol_version, status';
    const { rows } = await pool.query<ActionTypeRow>(`select ${columns} from public.apr_action_types`);
    const operations = resolveOperations(rows);
    expect(operations).toHaveLength(14);
    const bytes = manifestBytes(operations);
    const inDatabase = await trial.value<string>(`select encode(sha256(c1.manifest_bytes()), 'hex') as v`);
    const [program = ''] = execFileSync('sha256sum', { input: bytes, encoding: 'utf8' }).split(' ');
    expect(new Set([manifestHash(operations), sha256Hex(bytes), inDatabase, program]).size).toBe(1);
  });
});
