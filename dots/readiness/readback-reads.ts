import type { Client } from 'pg';
import { C1_TABLE } from '../../domain/objects.ts';
import type { EvidenceReadback, JournalRun, LedgerEntry } from '../../domain/readiness/readback.ts';
import type { SurfaceName } from '../../domain/surfaces.ts';
import { callGateway } from '../kernel/gateway.ts';

/** What the database says, as it says it; images are digested afterwards, as every plan digests them. */
export interface ReadParts {
  readonly read_at: string;
  readonly journal_position: number;
  readonly migrations: EvidenceReadback['runtime']['migrations'];
  readonly baseline_at: string;
  readonly surfaces: readonly {
    readonly surface: SurfaceName;
    readonly kind: 'state' | 'history' | 'catalog';
    readonly live: number;
    readonly total: number;
    readonly applied: number;
    readonly digest_before: string;
    readonly digest_undone: string;
  }[];
  readonly runs: readonly JournalRun[];
  readonly rows: readonly (Omit<EvidenceReadback['rows'][number], 'written_sha256' | 'seen_sha256'> & {
    readonly written: JournalRun['deltas'][number]['after'];
    readonly seen: JournalRun['deltas'][number]['after'];
  })[];
  readonly chain: readonly LedgerEntry[];
  readonly gates: EvidenceReadback['gates'];
  readonly tools: readonly {
    readonly code: string;
    readonly file: string;
    readonly image: JournalRun['deltas'][number]['after'];
  }[];
  readonly approved: EvidenceReadback['approvals']['deltas'];
  readonly requests: EvidenceReadback['approvals']['requests'];
  readonly grants: EvidenceReadback['grants'];
  readonly ownership: EvidenceReadback['ownership'];
  readonly contracts: EvidenceReadback['contracts'];
}

/**
 * Everything of one snapshot. Live rows of a surface move by what its runs inserted, reinstated and retired; a row that is
 * dead from the start, such as the retire of a document, moves none. Of the handbook the entries are counted, since a newer
 * one on the same subject supersedes the older and adds no live one.
 */
const READBACK_READ = `with b as (select * from iu_core.v_baseline),
applied as (
  select d ->> 'surface' as surface, sum(case when d ->> 'surface' = 'dot_ledger' then 1
      when d ->> 'op' in ('insert', 'reinstate') then iu_core.is_live(d ->> 'surface', d -> 'after')::int when d ->> 'op' = 'retire' then -1 else 0 end)::int as net
    from iu_core.v_recent_run r, jsonb_array_elements(r.observed) d group by 1
), owned as (
  select c.surface, array_agg(c.key) as keys from iu_core.claim c where c.status = 'live' group by 1
), seen as (
  select o.surface, x.key, x.image, x.live from owned o, lateral iu_core.surface_rows(o.surface, o.keys) x
), asked as (
  select distinct d ->> 'key' as apr_code from iu_core.dot_run r, jsonb_array_elements(r.observed) d
   where r.outcome = 'applied' and d ->> 'surface' = 'apr_requests'
)
select jsonb_build_object(
  'read_at', now(),
  'journal_position', (select coalesce(max(r.applied_seq), 0) from iu_core.dot_run r),
  'migrations', (select jsonb_agg(jsonb_build_object('migration', i.migration, 'sha256', i.sha256) order by i.seq) from iu_core.install i),
  'baseline_at', (select b.recorded_at from b),
  'surfaces', (select jsonb_agg(jsonb_build_object('surface', s.surface, 'kind', s.kind, 'total', n.total,
      'live', case s.surface when 'dot_ledger' then (select count(*) from public.dot_ledger) else n.live end, 'applied', coalesce(a.net, 0),
      'digest_before', b.digests ->> s.surface, 'digest_undone', iu_core.undone_digest(s.surface, b.journal_position)) order by s.surface)
    from b, iu_core.surface s left join applied a on a.surface = s.surface, lateral iu_core.count_rows(s.surface) n where s.kind <> 'bookkeeping'),
  'runs', (select coalesce(jsonb_agg(jsonb_build_object('position', r.applied_seq, 'request_id', r.request_id, 'dot_code', r.dot_code,
      'bin', d.bin, 'kind', r.kind, 'step', r.step, 'direction', r.direction, 'stack', r.stack, 'resource', r.resource, 'subject', r.subject,
      'deltas', case r.outcome when 'applied' then r.observed else r.deltas end, 'delta_digest', r.delta_digest,
      'code', case r.outcome when 'applied' then 'OK_APPLIED' end,
      'ledger_seq', (select max(l.seq) from public.dot_ledger l where l.request_id = r.request_id),
      'login', r.login, 'started_at', r.started_at, 'applied_at', r.applied_at) order by r.applied_seq nulls last, r.started_at), '[]')
    from b, iu_core.dot_run r join iu_core.dot d on d.dot_code = r.dot_code
   where r.applied_seq > b.journal_position or (r.outcome = 'intent' and r.started_at > b.recorded_at)),
  'rows', (select coalesce(jsonb_agg(jsonb_build_object('surface', c.surface, 'key', c.key, 'stack', c.stack, 'resource', c.resource,
      'step', r.step, 'request_id', c.request_id, 'live', coalesce(x.live, false), 'written', c.image, 'seen', x.image)
      order by c.surface collate "C", c.key collate "C"), '[]')
    from iu_core.claim c join iu_core.dot_run r on r.request_id = c.request_id
    join iu_core.surface s on s.surface = c.surface and s.kind <> 'bookkeeping'
    left join seen x on x.surface = c.surface and x.key = c.key where c.status = 'live'),
  'chain', (select coalesce(jsonb_agg(to_jsonb(l) || jsonb_build_object('written_at', extract(epoch from l.written_at at time zone 'UTC')::text)
      order by l.seq), '[]') from public.dot_ledger l),
  'gates', (select jsonb_build_object('dry_run_only', g.dry_run_only, 'execute_enabled', g.execute_enabled, 'real_run_enabled', g.real_run_enabled)
    from public.dot_runtime_gate g where g.gate = 'global'),
  'tools', (select coalesce(jsonb_agg(jsonb_build_object('code', t.code, 'file', t.file, 'image', x.image) order by t.code), '[]')
    from iu_core.v_c1_tool t join iu_core.surface_rows('dot_tools') x on x.key = t.code),
  'approved', (select coalesce(jsonb_agg(to_jsonb(a) order by a.written_at, a.step, a.approver), '[]') from iu_core.approved_delta a),
  'requests', (select coalesce(jsonb_agg(iu_core.by_digest(to_jsonb(q)) || jsonb_build_object('quorum', public.quorum_passed(q.apr_code),
      'votes', (select coalesce(jsonb_agg(to_jsonb(v) - 'apr_code' order by v.at, v.voter), '[]') from public.apr_approvals v where v.apr_code = q.apr_code))
      order by q.created_at, q.apr_code), '[]') from asked join public.apr_requests q on q.apr_code = asked.apr_code),
  'grants', (select coalesce(jsonb_agg(to_jsonb(g) order by g.granted_at, g.auth_code), '[]') from public.governance_build_authorization g),
  'ownership', (select coalesce(jsonb_agg(to_jsonb(o)), '[]') from public.governance_object_ownership o where o.object = '${C1_TABLE}'),
  'contracts', (select coalesce(jsonb_agg(to_jsonb(c) order by c.dot_code), '[]') from public.dot_agent_api_contract c)) as answer`;

/** @throws C1Error with the code that PostgreSQL raised */
export function readParts(client: Client): Promise<ReadParts> {
  return callGateway<ReadParts>(client, { sql: READBACK_READ, args: [] });
}
