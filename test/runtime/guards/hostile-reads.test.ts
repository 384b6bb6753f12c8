import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestRuntime, type TestRuntime } from '../../support/runtime.ts';
import { as, attempt } from './support/attempt.ts';

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createTestRuntime();
});
afterAll(() => runtime?.dispose());

describe('reads with hostile keys', () => {
  const KEYS = [
    `' or true --`,
    `x'); drop table public.species; --`,
    '$1',
    '%s',
    '\\',
    '"',
    '*',
    '../',
    '\u2028',
    '😀',
    '',
  ];

  test('find nothing and break nothing', async () => {
    await as(runtime, 'auditor_ro', async (client) => {
      const refs = JSON.stringify(KEYS.map((key) => ({ surface: 'species', key })));
      const { rows } = await client.query('select iu_core.read_refs($1) as answer', [refs]);
      expect(rows[0].answer).toEqual({ rows: [], claims: [], runs: [], counts: [] });
      const found = await client.query(`select * from iu_core.surface_rows('species', $1)`, [KEYS]);
      expect(found.rows).toEqual([]);
      const known = await client.query(`select key from iu_core.surface_rows('species', array['dot-tool'])`);
      expect(known.rows).toEqual([{ key: 'dot-tool' }]);
    });
  });

  test('of a surface that is none are an error, never an empty answer', async () => {
    await as(runtime, 'auditor_ro', async (client) => {
      for (const surface of [...KEYS, 'species; drop table public.species', 'SPECIES', 'public.species']) {
        const refs = JSON.stringify([{ surface, key: 'dot-tool' }]);
        expect(await attempt(client, 'select iu_core.read_refs($1)', [refs])).toBe('P0002');
        expect(await attempt(client, 'select * from iu_core.surface_rows($1)', [surface])).toBe('P0002');
      }
    });
  });
});
