import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STAGING_LABELS } from '../../domain/label.ts';
import { ACTIVE_CANONICAL_OPERATIONS, CATALOGUE_SAYS, DISK, STARTING_ROWS } from '../../runtime/seed/counts.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createTestRuntime();
});
afterAll(() => runtime.dispose());

type Row = Readonly<Record<string, unknown>>;

async function rows(sql: string): Promise<readonly Row[]> {
  return (await (await runtime.pool('auditor_ro')).query<Row>(sql)).rows;
}

async function value(sql: string): Promise<unknown> {
  const [row] = await rows(sql);
  return Object.values(row ?? {})[0];
}

describe('row counts', () => {
  it.each(Object.entries(STARTING_ROWS))('%s starts with %i rows', async (table, count) => {
    expect(await value(`select count(*)::int from public.${table}`)).toBe(count);
  });

  it('cover every governed table', async () => {
    const tables = await rows(
      `select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'`,
    );
    expect(tables.map(({ relname }) => relname).toSorted()).toEqual(Object.keys(STARTING_ROWS).toSorted());
  });

  it('are the ones that the seeds verified', () => {
    expect(STARTING_ROWS).toMatchObject({
      ...{ dot_tools: 309, dot_agent_api_contract: 2, directus_collections: 164, table_registry: 21 },
      ...{ governance_build_authorization: 0, governance_object_ownership: 0 },
    });
  });

  it('say that no run, claim, approval or baseline is there yet', async () => {
    for (const table of ['dot_run', 'claim', 'approved_delta', 'baseline', 'created_object']) {
      expect(await value(`select count(*)::int from iu_core.${table}`)).toBe(0);
    }
  });
});

describe('C1', () => {
  it('is not there: no schema, no table, no tool, no contract, no species', async () => {
    const schemas = await rows(`select nspname from pg_namespace where nspname !~ '^pg_(toast|temp)' order by 1`);
    expect(schemas.map(({ nspname }) => nspname)).toEqual(['information_schema', 'iu_core', 'pg_catalog', 'public']);
    expect(await value(`select to_regclass('c1.governance_canonical_operation_vocab')`)).toBeNull();
    expect(await value(`select count(*)::int from public.dot_tools where code ~ '^DOT_C1_'`)).toBe(0);
    expect(await value(`select count(*)::int from public.dot_agent_api_contract where dot_code ~ '^DOT_C1_'`)).toBe(0);
    expect(await value(`select count(*)::int from public.species where code = 'gov-canonical-op-vocab'`)).toBe(0);
  });

  it('has its handler unimplemented', async () => {
    expect(
      await value(`select handler_ref from public.apr_action_types where action_code = 'authorize_build_step'`),
    ).toBe('unimplemented');
  });

  it('will select 14 operations, and must leave out inactive ones and other types', async () => {
    const active = `act_type = 'canonical_operation' and status = 'active'`;
    expect(await value(`select count(*)::int from public.apr_action_types where ${active}`)).toBe(
      ACTIVE_CANONICAL_OPERATIONS,
    );
    for (const other of [
      `act_type = 'canonical_operation' and status <> 'active'`,
      `act_type <> 'canonical_operation' and status = 'active'`,
    ]) {
      expect(await value(`select count(*)::int from public.apr_action_types where ${other}`)).toBeGreaterThan(0);
    }
  });
});

describe('the registrar family', () => {
  it.each([
    ['DOT-REGISTER', 'dot-dot-register', 'bin/dot/dot-dot-register.ts'],
    ['DOT_SCHEMA_ENSURE', 'dot-schema-ensure', 'opt/incomex/dot/bin/dot-schema-ensure'],
    [
      'DOT_SCHEMA_TABLE_REGISTRY_ENSURE',
      'dot-schema-table-registry-ensure',
      'opt/incomex/dot/bin/dot-schema-table-registry-ensure',
    ],
    ['DOT_COLLECTION_REGISTER', 'dot-collection-register', 'opt/incomex/dot/bin/dot-collection-register'],
    ['DOT_COLLECTION_CREATE', 'dot-collection-create', 'opt/incomex/dot/bin/dot-collection-create'],
    [
      'DOT_SCHEMA_META_CATALOG_ENSURE',
      'dot-schema-meta-catalog-ensure',
      'opt/incomex/dot/bin/dot-schema-meta-catalog-ensure',
    ],
    ['DOT-015', 'dot-catalog-sync', 'bin/dot/dot-catalog-sync'],
  ])('has %s as seed 004 gives it', async (code, name, file_path) => {
    expect(await rows(`select name, file_path, status from public.dot_tools where code = '${code}'`)).toEqual([
      { name, file_path, status: 'active' },
    ]);
  });

  it('has a registrar that runs on deploy and never ran', async () => {
    expect(await rows(`select trigger, last_executed from public.dot_tools where code = 'DOT-REGISTER'`)).toEqual([
      { trigger: 'on-deploy', last_executed: null },
    ]);
  });

  it('has three frozen birth DOTs', async () => {
    expect(await value(`select count(*)::int from public.dot_tools where status = 'FROZEN/MONITORED'`)).toBe(3);
  });
});

describe('drifts that are there on purpose', () => {
  it('CAT-006 counts fewer DOTs than dot_tools has', async () => {
    expect(await value(`select record_count from public.meta_catalog where code = 'CAT-006'`)).toBe(CATALOGUE_SAYS);
    expect(CATALOGUE_SAYS).toBe(163);
  });

  it('the old matcher, by path, calls 287 files new: 272 under another prefix and 15 not registered', async () => {
    const paths = new Set((await rows('select file_path from public.dot_tools')).map(({ file_path }) => file_path));
    const codes = await registeredCodes();
    const fresh = (await scan()).filter(({ file }) => !paths.has(`/opt/incomex/dot/bin/${file}`));
    expect(fresh).toHaveLength(DISK.oldMatcherSaysNew);
    expect(fresh.filter(({ code }) => codes.has(code))).toHaveLength(DISK.otherPrefix);
    expect(fresh.filter(({ code }) => !codes.has(code))).toHaveLength(DISK.unregistered);
    expect([DISK.oldMatcherSaysNew, DISK.otherPrefix, DISK.unregistered]).toEqual([287, 272, 15]);
  });

  it('matching by DOT code leaves exactly the 15', async () => {
    const codes = await registeredCodes();
    expect((await scan()).filter(({ code }) => !codes.has(code))).toHaveLength(15);
  });

  it('some DOTs are registered by the scanned path, and some have no file', async () => {
    const files = await scan();
    const [onDisk, names] = [new Set(files.map(({ code }) => code)), new Set(files.map(({ file }) => file))];
    const tools = await rows('select code, file_path from public.dot_tools');
    const samePath = tools.filter(
      ({ file_path }) =>
        /^\/opt\/incomex\/dot\/bin\//.test(String(file_path)) && names.has(path.basename(String(file_path))),
    );
    expect(samePath).toHaveLength(DISK.samePath);
    expect(tools.filter(({ code }) => !onDisk.has(String(code)))).toHaveLength(DISK.noFile);
  });

  it('the registered prefixes are mixed', async () => {
    const found = await rows(
      `select distinct regexp_replace(file_path, '/[^/]+$', '') as prefix from public.dot_tools order by 1`,
    );
    expect(found.map(({ prefix }) => prefix)).toEqual([
      '/opt/incomex/dot/bin',
      'bin/dot',
      'dot/bin',
      'opt/incomex/dot/bin',
    ]);
  });
});

describe('what is born', () => {
  it('is admitted and in the handbook, each once, in one unbroken chain', async () => {
    const joined = await value(`select count(*)::int from public.birth_registry b
      join public.admission_record a using (dot_code) join public.dot_tools t on t.code = b.dot_code
      join iu_core.v_ledger_live l on l.subject = 'admission/' || b.dot_code and l.direction = 'apply'`);
    expect(joined).toBe(STARTING_ROWS.birth_registry);
    expect(await value('select iu_core.verify_ledger()')).toBeNull();
    expect(await value('select prev_hash from public.dot_ledger where seq = 1')).toBe('0'.repeat(64));
  });

  it('has every DOT of the house among it but the vote, which is no tool', async () => {
    expect(
      await value(`select count(*)::int from iu_core.dot d where d.dot_code !~ '^DOT_C1_' and d.dot_code <> 'DOT_APR_VOTE'
      and not exists (select from public.birth_registry b where b.dot_code = d.dot_code)`),
    ).toBe(0);
  });
});

describe('the runtime itself', () => {
  it('says what it is and that plans need no approval', async () => {
    expect(await rows('select name, value from iu_core.setting order by 1')).toEqual([
      { name: 'approvals', value: 'none' },
      { name: 'label', value: STAGING_LABELS.join(' ') },
    ]);
  });

  it('has its gates closed', async () => {
    expect(await rows('select dry_run_only, execute_enabled, real_run_enabled from public.dot_runtime_gate')).toEqual([
      { dry_run_only: true, execute_enabled: false, real_run_enabled: false },
    ]);
  });

  it('has the KG pair as its only contracts', async () => {
    expect(
      await rows('select dot_code, role, mode, contract_status from public.dot_agent_api_contract order by 1'),
    ).toEqual([
      { dot_code: 'DOT_KG_EXPLAIN', role: 'producer', mode: 'DRY_RUN', contract_status: 'endpoint_bound' },
      { dot_code: 'DOT_KG_EXPLAIN_VERIFY', role: 'verifier', mode: 'VERIFY_ONLY', contract_status: 'contract_ready' },
    ]);
  });

  it('recorded every migration, its guards and its bins', async () => {
    const [last] =
      await rows(`select guard_digest = iu_core.guard_digest() as same, (select count(*)::int from jsonb_object_keys(bins)) as bins
      from iu_core.install where guard_digest is not null order by seq desc limit 1`);
    expect(last).toEqual({ same: true, bins: (await scan()).length });
  });
});

/** What is on disk, read as a registrar reads it: file name, and the code of the third line. */
async function scan(): Promise<readonly { readonly file: string; readonly code: string }[]> {
  const files = await readdir(runtime.paths.bin);
  return Promise.all(
    files.map(async (file) => {
      const third = (await readFile(path.join(runtime.paths.bin, file), 'utf8')).split('\n', 3)[2] ?? '';
      const code = /^(?:#|\/\/) DOT-CODE: (\S+)$/.exec(third)?.[1];
      if (code === undefined) throw new Error(`${file} has no DOT-CODE in its third line`);
      return { file, code };
    }),
  );
}

async function registeredCodes(): Promise<ReadonlySet<unknown>> {
  return new Set((await rows('select code from public.dot_tools')).map(({ code }) => code));
}
