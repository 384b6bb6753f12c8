import type { ClientBase } from 'pg';
import { tableNames } from './attempt.ts';

/** One raw statement that writes a table; none of them names a value, so that each reaches the guard. */
export interface RawStatement {
  readonly table: string;
  readonly operation: string;
  readonly sql: string;
}

interface TableShape {
  readonly table: string;
  /** A column that a statement may set. */
  readonly column: string;
  readonly primaryKey: string | null;
}

const SHAPES = `select n.nspname || '.' || c.relname as "table",
    (select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and a.attidentity = ''
        and not a.attisdropped order by a.attnum limit 1) as "column",
    (select string_agg(quote_ident(a.attname), ', ') from pg_constraint k, pg_attribute a
      where k.conrelid = c.oid and k.contype = 'p' and a.attrelid = c.oid and a.attnum = any (k.conkey)) as "primaryKey"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname || '.' || c.relname = any ($1) order by 1`;

/** Every way to write every table that is not PostgreSQL's own. */
export async function rawStatements(client: ClientBase): Promise<readonly RawStatement[]> {
  const { rows } = await client.query<TableShape>(SHAPES, [await tableNames(client)]);
  return rows.flatMap(statementsOf);
}

function statementsOf({ table, column, primaryKey }: TableShape): readonly RawStatement[] {
  const insert = `insert into ${table} default values`;
  const statements: readonly (readonly [string, string])[] = [
    ['insert', insert],
    ['update', `update ${table} set ${column} = ${column}`],
    ['update of no row', `update ${table} set ${column} = ${column} where false`],
    ['delete', `delete from ${table}`],
    // Others refer to some of the tables, which PostgreSQL looks at before it asks a trigger.
    ['truncate', `truncate ${table} cascade`],
    ['copy', `copy ${table} from stdin`],
    ['merge', `merge into ${table} t using (select 1) s on false when not matched then insert default values`],
    ['merge, delete', `merge into ${table} t using (select 1) s on true when matched then delete`],
    ['upsert', `${insert} on conflict do nothing`],
    ['upsert, update', `${insert} on conflict (${primaryKey ?? column}) do update set ${column} = excluded.${column}`],
    ['with', `with gone as (delete from ${table} returning 1) select * from gone`],
  ];
  return statements.map(([operation, sql]) => ({ table, operation, sql }));
}
