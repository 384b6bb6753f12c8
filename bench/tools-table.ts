import type { Client } from 'pg';
import type { Program } from './project.ts';

/**
 * Fills the registry up to `rows` as only a superuser can, with the guards off, in a database that is thrown away. The
 * guards are put back as they were.
 */
export function fillTools(program: Program, rows: number): Promise<void> {
  return program.superuser(async (client) => {
    const missing = rows - (await countTools(client));
    if (missing > 0) await insert(client, missing);
    // Autovacuum, which is off here, would do the same in a runtime that grew by itself.
    await client.query('vacuum (analyze) public.dot_tools');
    const found = await countTools(client);
    if (found !== rows) throw new Error(`${found} rows in dot_tools, ${rows} expected`);
  });
}

async function insert(client: Client, rows: number): Promise<void> {
  await client.query('begin');
  await client.query('set local event_triggers = off');
  await client.query('alter table public.dot_tools disable trigger user');
  await client.query(INSERT, [rows]);
  const { rows: triggers } = await client.query<{ enable: string }>(ENABLE);
  for (const { enable } of triggers) await client.query(enable);
  await client.query('commit');
}

const INSERT = `
  insert into public.dot_tools (code, name, category, coverage_status, file_path, trigger)
  select 'DOT-BENCH-' || n, 'dot-bench-' || n, 'governance', 'covered', '/opt/incomex/dot/bin/dot-bench-' || n, 'manual'
    from (select count(*) as have from public.dot_tools) old, generate_series(old.have + 1, old.have + $1::bigint) n`;

const ENABLE = `
  select format('alter table public.dot_tools enable always trigger %I', tgname) as enable
    from pg_trigger where tgrelid = 'public.dot_tools'::regclass and not tgisinternal`;

async function countTools(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>('select count(*)::int as count from public.dot_tools');
  return rows[0]?.count ?? -1;
}
