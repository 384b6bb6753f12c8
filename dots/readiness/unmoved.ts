import type { Client } from 'pg';
import { type Json, sameJson } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { callGateway } from '../kernel/gateway.ts';

/** Everything that counts, the journal, the handbook, claims and every word of every grant, by name. */
const MARKS_READ = `select (select jsonb_object_agg('counter ' || c.surface, jsonb_build_array(c.live, c.total)) from iu_core.surface_counters() c)
  || jsonb_build_object(
    'journal', (select jsonb_build_array(count(*), count(*) filter (where r.outcome = 'applied'), max(r.applied_seq)) from iu_core.dot_run r),
    'journal rows', (select md5(coalesce(string_agg(md5(r::text), '' order by r.request_id), '')) from iu_core.dot_run r),
    'handbook', (select jsonb_build_array(count(*), max(l.seq), (array_agg(l.entry_hash order by l.seq desc))[1]) from public.dot_ledger l),
    'claims', (select md5(coalesce(string_agg(c::text, '' order by c.surface, c.key), '')) from iu_core.claim c),
    'grants', (select md5(coalesce(string_agg(g::text, '' order by g.auth_code), '')) from public.governance_build_authorization g),
    'vocabulary rows', iu_core.vocabulary_rows()) as answer`;

type Marks = Readonly<Record<string, Json>>;

export function readMarks(client: Client): Promise<Marks> {
  return callGateway<Marks>(client, { sql: MARKS_READ, args: [] });
}

/**
 * Everything is as it was.
 *
 * @returns how many things were compared, so that "nothing compared" never reads as unchanged
 * @throws C1Error HOLD_COUNTER_DRIFT naming the first that moved
 */
export function assertUnmoved(before: Marks, after: Marks): number {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const moved = names.find((name) => !sameJson(before[name] ?? null, after[name] ?? null));
  if (moved === undefined && names.length > 0) return names.length;
  throw new C1Error('HOLD_COUNTER_DRIFT', {
    seen: moved === undefined ? 'nothing to compare' : `${moved} moved while the cases ran`,
    expected: 'everything as it was before',
    next: 'see in npx c1 runtime status who wrote, then run the same command again',
  });
}
