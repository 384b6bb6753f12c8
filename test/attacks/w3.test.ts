import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, createThrough, failure, failureOf, invocation, mustRun, printed, run } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';

const TABLE = 'governance_canonical_operation_vocab';
const EXISTS = failure(3, 'HOLD_SURFACE_EXISTS');

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
  await createThrough(trial, 'species');
});
afterAll(() => trial?.dispose());

interface Stranger {
  readonly what: string;
  /** The row that must not adopt it, and the rows that it stands on. */
  readonly name: string;
  readonly below: readonly string[];
  /** What somebody made by hand, each in its turn, and how it is taken away. */
  readonly makes: readonly string[];
  readonly remove: string;
}

const STRANGERS: readonly Stranger[] = [
  { what: 'schema c1', name: 'schema', below: [], makes: ['create schema c1'], remove: 'drop schema c1' },
  onTable('the table in c1', [`create table c1.${TABLE} (id int)`], `drop table c1.${TABLE}`),
  onTable('a view of that name in c1', [`create view c1.${TABLE} as select 1 as id`], `drop view c1.${TABLE}`),
  onTable('a table of that name in public', [`create table public.${TABLE} (id int)`], `drop table public.${TABLE}`),
  onTable(
    'a Directus collection alone',
    [`insert into public.directus_collections (collection) values ('${TABLE}')`],
    `delete from public.directus_collections where collection = '${TABLE}'`,
  ),
  onTable(
    'a Directus field alone',
    [`insert into public.directus_fields (collection, field) values ('${TABLE}', 'status')`],
    `delete from public.directus_fields where collection = '${TABLE}'`,
  ),
  {
    what: 'a Directus field of the contract alone',
    name: 'table-contract',
    below: ['schema', 'collection'],
    makes: [`insert into public.directus_fields (collection, field) values ('${TABLE}', 'created_by')`],
    remove: `delete from public.directus_fields where field = 'created_by' and collection = '${TABLE}'`,
  },
  {
    what: 'a function',
    name: 'manifest-function',
    below: ['schema'],
    makes: ['create function c1.manifest_bytes() returns bytea language sql return null::bytea'],
    remove: 'drop function c1.manifest_bytes()',
  },
  {
    what: 'a view',
    name: 'preflight-view',
    below: ['schema', 'collection', 'manifest-function'],
    makes: ['create view c1.v_c1_dryrun_preflight as select true as ok'],
    remove: 'drop view c1.v_c1_dryrun_preflight',
  },
  {
    what: 'a row in table_registry, active or archived',
    name: 'table-registry',
    below: [],
    makes: ['active', 'archived'].map(
      (status) =>
        `insert into public.table_registry (schema, table_name, status) values ('c1', '${TABLE}', '${status}')`,
    ),
    remove: `delete from public.table_registry where table_name = '${TABLE}'`,
  },
  {
    what: 'a row in collection_registry, active or archived',
    name: 'collection-registry',
    below: [],
    makes: ['active', 'archived'].map(
      (
        status,
      ) => `insert into public.collection_registry (code, collection, governance_role, species_code, migration_state, status)
        values ('COL-999', '${TABLE}', 'governed', 'x', 'pilot', '${status}')`,
    ),
    remove: `delete from public.collection_registry where collection = '${TABLE}'`,
  },
];

function onTable(what: string, makes: readonly string[], remove: string): Stranger {
  return { what, name: 'collection', below: ['schema'], makes, remove };
}

const GUARDED = [
  'public.directus_collections',
  'public.directus_fields',
  'public.table_registry',
  'public.collection_registry',
];

describe('what is there already is not adopted', () => {
  for (const { what, name, below, makes, remove } of STRANGERS) {
    test(`${what}: a HOLD that changes nothing; the row is made once it is gone`, async () => {
      for (const one of below) await mustRun(trial, one, 'create');
      for (const make of makes) {
        await trial.tamper(GUARDED, make);
        const before = await trial.fingerprint();
        const modes = name === 'collection' ? [[]] : [['--dry-run'], []];
        const refused = [];
        for (const flags of modes) refused.push(failureOf(await run(trial, name, 'create', { flags })));
        const after = await trial.fingerprint();
        await trial.tamper(GUARDED, remove);
        expect(refused).toEqual(modes.map(() => EXISTS));
        expect(after).toBe(before);
      }
      expect(codeOf(await run(trial, name, 'create'))).toBe('OK_APPLIED');
      await retire([...below, name]);
    });
  }

  test('another table than C1’s is refused by name', async () => {
    await mustRun(trial, 'schema', 'create');
    const { bin, args } = invocation('collection', 'create');
    const before = await trial.fingerprint();
    for (const [from, to] of [
      [TABLE, 'governance_c2_vocab'],
      ['c1', 'public'],
    ] as const) {
      const line = args.map((word) => (word === from ? to : word));
      expect(failureOf(await trial.runtime.bin(bin, line))).toEqual(failure(4, 'REJECT_NOT_ALLOWED'));
    }
    expect(await trial.fingerprint()).toBe(before);
    expect(codeOf(await trial.runtime.bin(bin, args))).toBe('OK_APPLIED');
    await retire(['schema', 'collection']);
  });
});

describe('a preview by --dry-run on dot-collection-create', () => {
  test('is refused, because the bin has none, and nothing is made', async () => {
    await mustRun(trial, 'schema', 'create');
    const before = await trial.fingerprint();
    for (const flag of ['--dry-run', '--dry_run', '--dryrun', '--dry-run=true']) {
      const refused = await run(trial, 'collection', 'create', { flags: [flag] });
      expect({ flag, ...failureOf(refused) }).toEqual({ flag, ...failure(64, 'ERROR_USAGE') });
    }
    expect(await trial.fingerprint()).toBe(before);
    expect(codeOf(await run(trial, 'collection', 'create'))).toBe('OK_APPLIED');
    await retire(['schema', 'collection']);
  });
});

describe('table_registry', () => {
  test('gains exactly one row, and its dry run says so', async () => {
    const count = () =>
      trial.value<number>(`select count(*)::int as v from public.table_registry where status = 'active'`);
    const before = await count();
    const dry = printed(await run(trial, 'table-registry', 'create', { flags: ['--dry-run'] }));
    expect(dry.deltas.filter(({ surface }) => surface === 'table_registry')).toHaveLength(1);
    await mustRun(trial, 'table-registry', 'create');
    expect(await count()).toBe(before + 1);
    await mustRun(trial, 'table-registry', 'retire');
    expect(await count()).toBe(before);
  });
});

/** The last first; what is not there any more is no fault. */
async function retire(names: readonly string[]): Promise<void> {
  for (const name of names.toReversed()) await run(trial, name, 'retire');
}
