/**
 * Everything that a run can change, as one text: equal texts mean that nothing was written. Cheap on purpose: the rows of
 * every governed and bookkeeping table, and the names in the catalogue.
 *
 * @param intents whether intents that came to nothing count
 */
export function written(intents = true): string {
  return `select md5(string_agg(x.name || x.content, E'\\n' order by x.name)) as v from (
  select c.oid::regclass::text as name, query_to_xml('select md5(string_agg(t::text, E''\\n'' order by t::text)) from '
           || c.oid::regclass || ' t', true, false, '')::text as content
    from pg_class c where c.relkind = 'r' and c.relnamespace::regnamespace::text in ('public', 'iu_core', 'c1')
     and c.oid <> 'iu_core.dot_run'::regclass
  union all select 'run ' || r.request_id, r::text from iu_core.dot_run r where ${intents} or r.outcome = 'applied'
  union all select 'class ' || c.oid, c.relname || c.relkind::text from pg_class c where c.relkind in ('r', 'v', 'S')
  union all select 'function ' || p.oid, p.proname from pg_proc p
  union all select 'schema ' || n.oid, n.nspname from pg_namespace n
  union all select 'trigger ' || t.oid, t.tgname || t.tgenabled::text from pg_trigger t where not t.tgisinternal) x`;
}
