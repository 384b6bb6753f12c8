import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { C1_OBJECTS } from '../../domain/objects.ts';
import {
  codeOf,
  createThrough,
  failure,
  failureOf,
  invocation,
  mustRun,
  ONE_OF_EACH,
  printed,
  run,
} from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';

const TABLE = 'governance_canonical_operation_vocab';
const EXISTS = failure(3, 'HOLD_SURFACE_EXISTS');
const W3 = ONE_OF_EACH.slice(ONE_OF_EACH.indexOf('schema'));

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

describe('retiring W3', () => {
  beforeEach(async () => {
    for (const name of W3) await mustRun(trial, name, 'create');
  });
  afterEach(async () => {
    await retire(W3);
    expect(await objects()).toBe(0);
  });

  test('a table with rows in it is never dropped, nor is its contract taken away', async () => {
    await trial.tamper(
      [`c1.${TABLE}`],
      `insert into c1.${TABLE} (operation_code, protocol_version, status) values ('read', '1', 'active')`,
    );
    for (const name of ['table-registry', 'collection-registry', 'preflight-view', 'manifest-function']) {
      await mustRun(trial, name, 'retire');
    }
    const before = await rows();
    expect(failureOf(await run(trial, 'table-contract', 'retire'))).toEqual(failure(4, 'REJECT_ROLLBACK_DELETE'));
    expect(failureOf(await trial.runtime.reader(['retire-check', '--step', 'W3']))).toEqual(
      failure(4, 'REJECT_ROLLBACK_DELETE'),
    );
    expect(await rows()).toBe(before);
    await trial.tamper([`c1.${TABLE}`], `delete from c1.${TABLE}`);
    expect(codeOf(await run(trial, 'table-contract', 'retire'))).toBe('OK_APPLIED');
    // Without its contract the table has no guard of its own; the collection still is not dropped over rows.
    await trial.tamper([], `insert into c1.${TABLE} values ('read', '1', 'active', null)`);
    const bare = await rows();
    expect(failureOf(await run(trial, 'collection', 'retire'))).toEqual(failure(4, 'REJECT_ROLLBACK_DELETE'));
    expect(await rows()).toBe(bare);
    await trial.tamper([], `delete from c1.${TABLE}`);
    expect(codeOf(await run(trial, 'collection', 'retire'))).toBe('OK_APPLIED');
  });

  test('out of order is a HOLD that names what still stands, and in order it goes', async () => {
    for (const [name, standing] of [
      ['schema', `c1.${TABLE}`],
      ['collection', 'c1.v_c1_dryrun_preflight'],
      ['table-contract', 'table_registry'],
    ] as const) {
      const before = await rows();
      const modes = name === 'collection' ? [[]] : [['--dry-run'], []];
      for (const flags of modes) {
        const refused = await run(trial, name, 'retire', { flags });
        expect({ name, ...failureOf(refused) }).toEqual({ name, ...failure(3, 'HOLD_PRESTATE_MOVED') });
        expect(refused.stderr).toContain(standing);
      }
      expect(await rows()).toBe(before);
    }
    for (const name of W3.toReversed()) expect(codeOf(await run(trial, name, 'retire'))).toBe('OK_APPLIED');
  });

  test('an object of somebody else in the schema keeps it, in words that say so', async () => {
    for (const name of W3.slice(1).toReversed()) await mustRun(trial, name, 'retire');
    await trial.tamper([], 'create table c1.of_somebody (id int)');
    const before = await rows();
    const refused = await run(trial, 'schema', 'retire');
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_PRESTATE_MOVED'));
    expect(refused.stderr).toContain('c1');
    expect(await rows()).toBe(before);
    await trial.tamper([], 'drop table c1.of_somebody');
    expect(codeOf(await run(trial, 'schema', 'retire'))).toBe('OK_APPLIED');
  });

  test('a guard of the table that somebody dropped is drift, and is not papered over', async () => {
    await trial.tamper([], `drop trigger b_write_once on c1.${TABLE}`);
    for (const way of ['create', 'retire'] as const) {
      expect(failureOf(await run(trial, 'table-contract', way))).toEqual(failure(3, 'HOLD_DRIFT'));
    }
    await trial.tamper(
      [],
      `create trigger b_write_once before update or delete on c1.${TABLE} for each row execute function public.fn_vocab_write_once()`,
      `alter table c1.${TABLE} enable always trigger b_write_once`,
    );
    expect(codeOf(await run(trial, 'table-contract', 'create'))).toBe('NOOP_ALREADY_THERE');
  });
});

/** The last first; what is not there any more is no fault. */
async function retire(names: readonly string[]): Promise<void> {
  for (const name of names.toReversed()) await run(trial, name, 'retire');
}

function rows(): Promise<string> {
  return trial.fingerprint({ intents: false });
}

function objects(): Promise<number> {
  const names = C1_OBJECTS.map(({ name }) => name);
  return trial.value(`select count(*)::int as v from iu_core.v_schema_object where name = any ($1)`, [names]);
}
