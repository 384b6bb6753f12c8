import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeltaOp, Image } from '../../../domain/deltas.ts';
import { DOTS } from '../../../domain/dots.ts';
import { C1_TABLE } from '../../../domain/objects.ts';
import { delta } from '../../../domain/plans/plan.ts';
import { binsOf } from '../../../domain/steps/step.ts';
import { SURFACES, type SurfaceName } from '../../../domain/surfaces.ts';
import { LOGINS } from '../../../runtime/roles.ts';
import { STEPS } from '../../dots/support/rows.ts';
import type { TestRuntime } from '../../support/runtime.ts';
import { as, asOwner, attempt, attemptInside, BYPASS, NO_RIGHT, SUPERUSER, undone } from './support/attempt.ts';
import { rawStatements } from './support/raw-statements.ts';
import { applied, runOf, writing } from './support/runs.ts';
import { behindGuards, createAppliedRuntime } from './support/tamper.ts';

/** The counterpart of raw-sql.test.ts: what is refused there is accepted from the DOT of the surface. */
let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createAppliedRuntime();
});
afterAll(() => runtime?.dispose());

test('the bins of the steps wrote every surface that the matrix gives them', async () => {
  // What needs votes, or a bound handler, is run where there are, and what needs evidence where it is: dots/kb-write.test.ts, dots/apr.test.ts, attacks/h4.test.ts, authority/.
  const elsewhere = [
    'dot-apr-propose',
    'dot-apr-execute',
    'dot-migration-apply',
    'dot-c1-grant-issue',
    'dot-c1-vocab-verify',
    'dot-ownership-assign',
    'dot-kb-write',
  ];
  const bins = STEPS.flatMap(binsOf)
    .filter((bin) => !elsewhere.includes(bin))
    .map((bin) => bin.replace('-c1-hardened', ''));
  const surfaces = DOTS.filter(({ bin }) => bins.includes(bin)).flatMap(({ writes }) => Object.keys(writes));
  const { rows } = await (await runtime.pool('auditor_ro')).query(
    `select distinct d ->> 'surface' as surface from iu_core.dot_run r, jsonb_array_elements(r.observed) d
      where r.outcome = 'applied' order by 1`,
  );
  expect(rows.map(({ surface }) => surface)).toEqual([...new Set(surfaces)].toSorted());
});

const CODE = 'DOT_C1_PREFLIGHT';
const ROWS: Readonly<Partial<Record<SurfaceName, Image>>> = {
  species: { code: 'a-species', name: 'n', owner: 'c1', description: 'd', status: 'active' },
  birth_registry: {
    ...{ dot_code: CODE, species_code: 'dot-tool', born_by: 'DOT_BIRTH_BACKFILL', birth_path: 'p' },
    ...{ reuse_reason: 'r', status: 'born' },
  },
  admission_record: {
    ...{ dot_code: CODE, authority: 'a', risk_class: 'low', admission_path: 'a', registration_path: 'r' },
    ...{ retire_path: 't', status: 'admitted' },
  },
  collection_registry: {
    ...{ collection: 'a_collection', governance_role: 'governed', species_code: 'dot-tool', migration_state: 'pilot' },
    status: 'active',
  },
  table_registry: { schema: 'public', table_name: 'a_table', status: 'active' },
};

/** Each life ends retired, in the reverse order of the next one's needs. */
const LIVES: readonly (readonly [SurfaceName, readonly DeltaOp[]])[] = [
  ['species', ['insert', 'update', 'retire', 'reinstate']],
  ['birth_registry', ['insert', 'retire', 'reinstate']],
  ['admission_record', ['insert', 'retire', 'reinstate']],
  ['collection_registry', ['insert', 'retire', 'reinstate']],
  ['table_registry', ['insert', 'retire', 'reinstate']],
];

describe('through its gateway function a DOT', () => {
  test.each(LIVES)('leads a row of %s through its life, and nobody else does', async (surface, operations) => {
    let before: Image | null = null;
    for (const op of operations) {
      const after = imageAfter(surface, op);
      const dot = DOTS.find(({ writes }) => writes[surface]?.includes(op));
      if (dot === undefined) throw new Error(`no DOT for ${op} on ${surface}`);
      const key = SURFACES[surface].key.map((column) => String(after[column])).join('/');
      const direction = op === 'retire' ? 'retire' : 'apply';
      const run = runOf(dot.code, [delta({ surface, key }, op, before, after)], { direction });
      const write = writing(surface, op, after);
      expect(await as(runtime, 'dot_kb_write', (client) => attempt(client, ...write))).toBe(NO_RIGHT);
      expect([op, await as(runtime, dot.login, (client) => applied(client, run, write))]).toEqual([op, 'accepted']);
      before = after;
    }
  });

  test('has no function for a row that none of these tests calls', async () => {
    const { rows } = await (await runtime.pool('auditor_ro')).query(
      `select p.proname as name from pg_proc p join iu_core.dot_surface m on p.proname = m.surface || '_' || m.operation
        where p.pronamespace = 'iu_core'::regnamespace and m.surface <> 'schema_object' group by 1 order by 1`,
    );
    const called = LIVES.flatMap(([surface, operations]) => operations.map((operation) => `${surface}_${operation}`));
    // attacks/w4.test.ts, attacks/w5.test.ts, dots/catalogue.test.ts and authority/ call others, dots/apr-votes.test.ts the rest.
    const elsewhere = ['dot_agent_api_contract', 'dot_tools', 'governance_object_ownership'].flatMap((surface) =>
      ['insert', 'reinstate', 'retire'].map((operation) => `${surface}_${operation}`),
    );
    const approvals = ['insert', 'update', 'retire'].map((operation) => `apr_requests_${operation}`);
    const grant = ['insert', 'retire'].map((operation) => `governance_build_authorization_${operation}`);
    const alone = ['apr_approvals_insert', 'kb_document_insert', 'meta_catalog_update', 'vps_deploy_log_insert'];
    expect(rows.map(({ name }) => name)).toEqual(
      [...called, ...elsewhere, ...approvals, ...grant, ...alone].toSorted(),
    );
  });
});

function imageAfter(surface: SurfaceName, op: DeltaOp): Image {
  const image = ROWS[surface] ?? {};
  const { status } = SURFACES[surface];
  if (op === 'retire' && status !== null) {
    return { ...image, ...(surface === 'species' ? { name: 'renamed' } : {}), [status.column]: status.dead[0] ?? null };
  }
  return op === 'update' ? { ...image, name: 'renamed' } : image;
}

describe('the vocabulary table that W3 made', () => {
  const HARMLESS = ['update of no row', 'copy'];

  test('refuses raw SQL of every login, of the owner and of a superuser, with a row in it and without', async () => {
    const all = await as(runtime, SUPERUSER, rawStatements);
    const statements = all.filter(({ table, operation }) => table === C1_TABLE && !HARMLESS.includes(operation));
    expect(statements.length).toBeGreaterThan(5);
    for (const { name } of LOGINS) {
      await as(runtime, name, async (client) => {
        await client.query('set default_transaction_read_only = off');
        for (const { sql } of statements) expect([sql, await attempt(client, sql)]).toEqual([sql, NO_RIGHT]);
      });
    }
    const row = `insert into ${C1_TABLE} (operation_code, protocol_version, status) values ('o', '1', 'active')`;
    await undone(runtime, async (client) => {
      await client.query(
        `set local event_triggers = off; ${behindGuards(C1_TABLE, row)}; set local event_triggers = on`,
      );
      for (const role of ['c1_gateway', 'none']) {
        await client.query(`set local role ${role}`);
        for (const { sql } of statements) expect([sql, await attemptInside(client, sql)]).toEqual([sql, BYPASS]);
      }
    });
    expect(await asOwner(runtime, (client) => attempt(client, row))).toBe(BYPASS);
  });

  test('is never rewritten or emptied, not even with the guard of DOTs gone', async () => {
    const row = `insert into ${C1_TABLE} (operation_code, protocol_version, status) values ('o', '1', 'active')`;
    await undone(runtime, async (client) => {
      await client.query(
        `set local event_triggers = off; alter table ${C1_TABLE} disable trigger a_assert_dot; ${row}`,
      );
      expect(await attemptInside(client, `update ${C1_TABLE} set status = 'x'`)).toBe('REJECT_SEMANTIC_REWRITE');
      expect(await attemptInside(client, `delete from ${C1_TABLE}`)).toBe('REJECT_ROLLBACK_DELETE');
      expect(await attemptInside(client, `truncate ${C1_TABLE}`)).toBe(BYPASS);
      expect(await attemptInside(client, row.replace(`'1'`, `'2'`))).toBe('accepted');
    });
  });
});
