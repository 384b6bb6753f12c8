import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SURFACES, type Surface } from '../../../domain/surfaces.ts';
import type { TestRuntime } from '../../support/runtime.ts';
import { as, SUPERUSER } from './support/attempt.ts';
import { behindGuards, createAppliedRuntime, judged } from './support/tamper.ts';

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await createAppliedRuntime();
});
afterAll(() => runtime?.dispose());

/** The pair of every change below: nothing is seen where nothing was changed, before all of them and after. */
const UNTOUCHED = 'the untouched runtime is whole';
test(UNTOUCHED, async () => expect(await judged(runtime)).toBe('whole'));

const TABLES = Object.values(SURFACES).filter(({ table, kind }) => table !== null && kind !== 'bookkeeping');
/** Authority is not given before W7. */
const EMPTY = ['governance_build_authorization', 'governance_object_ownership'];
const ROWS: Readonly<Record<string, string>> = {
  governance_object_ownership: `insert into public.governance_object_ownership (object, owner, authority) values ('o', 'p', 'a')`,
  governance_build_authorization: `insert into public.governance_build_authorization
    select 'A', 'C1', 'dry_run', 'p', repeat('a', 64), '{}', '{}', 'active', true, false, false, apr_code, now(), now() + '1 day', null, null, 'r'
      from public.apr_requests limit 1`,
};

/** A column that nothing but the row itself speaks of: neither key nor assigned, and no constraint on it. */
const FREE_COLUMN = `select quote_ident(a.attname) as name, a.atttypid = 'boolean'::regtype as flag from pg_attribute a
  where a.attrelid = $1::regclass and a.attnum > 0 and not a.attname = any ($2)
    and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'boolean'::regtype)
    and not exists (select from pg_constraint k where k.conrelid = a.attrelid and k.contype in ('c', 'f') and a.attnum = any (k.conkey))
  order by a.atttypid = 'boolean'::regtype, a.attnum desc limit 1`;

async function smallestChange({ name, table, key, assigned }: Surface): Promise<string> {
  const { rows } = await as(runtime, SUPERUSER, (client) => client.query(FREE_COLUMN, [table, [...key, ...assigned]]));
  const column = rows[0].name;
  const value = rows[0].flag ? `not ${column}` : `coalesce(${column}, '') || '.'`;
  return `update ${table} set ${column} = ${value} where ctid = (select t.ctid from ${table} t
    where iu_core.key_of('${name}', to_jsonb(t)) not in (select c.key from iu_core.claim c where c.surface = '${name}')
    order by t.ctid desc limit 1)`;
}

describe('a row that nobody of ours made, changed past the guards, is seen on', () => {
  test.each(TABLES.filter(({ name }) => !EMPTY.includes(name)).map((surface) => [surface.name, surface] as const))(
    '%s',
    async (name, surface) => {
      const change = behindGuards(surface.table ?? '', await smallestChange(surface));
      const after = name === 'dot_ledger' ? 'HOLD_LEDGER_CHAIN_BROKEN' : 'HOLD_COUNTER_DRIFT';
      expect(await judged(runtime, change)).toBe(after);
    },
  );

  test.each(EMPTY)('%s, where the first row is one too many', async (name) => {
    const change = behindGuards(`public.${name}`, ROWS[name] ?? '');
    expect(await judged(runtime, change)).toBe('HOLD_COUNTER_DRIFT');
  });
});

test(`${UNTOUCHED} after all of it was rolled back`, async () => expect(await judged(runtime)).toBe('whole'));
