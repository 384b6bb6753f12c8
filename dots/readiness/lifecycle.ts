import type { Client } from 'pg';
import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import { type Lifecycles, lifecycles } from '../../domain/readiness/lifecycle.ts';
import { LIFE } from '../../domain/readiness/view.ts';
import { callGateway } from '../kernel/gateway.ts';

/** The handbook's live entry on a subject, as the proof shows it. */
const entryOf = (
  subject: string,
  kind: string,
) => `(select jsonb_build_object('seq', e.seq, 'image_hash', e.image_hash, 'entry_hash', e.entry_hash)
    from iu_core.v_ledger_live e where e.subject = '${subject}/' || l.code and e.entry_kind = '${kind}' and e.direction = 'apply')`;

/** What is missing and what is an orphan is asked as the preflight's view asks it. */
const LIFECYCLE_READ = `with ${LIFE}
select jsonb_build_object('orphans', (select coalesce(jsonb_agg(o.code order by o.code), '[]') from orphan o), 'dots', (
  select jsonb_agg(jsonb_build_object('dot_code', l.code, 'missing', to_jsonb(l.missing), 'reuse_reason', b.reuse_reason,
    'birth', case when b.status = 'born' then jsonb_build_object('species', b.species_code, 'born_by', b.born_by, 'path', b.birth_path, 'at', b.born_at) end,
    'admission', case when a.status = 'admitted' then jsonb_build_object('authority', a.authority, 'risk_class', a.risk_class,
      'path', a.admission_path, 'at', a.admitted_at) end,
    'registration', case when t.status = 'active' then jsonb_build_object('file_path', t.file_path, 'path', a.registration_path, 'at', t.created_at) end,
    'catalogue', (select jsonb_build_object('code', 'CAT-006', 'counted', k.counted, 'live', k.live) from catalogue k),
    'ledger', jsonb_build_object('admission', ${entryOf('admission', 'admission')}, 'registration', ${entryOf('dot_tools', 'registration')}),
    'retire_path', a.retire_path) order by l.code)
  from life l left join public.birth_registry b on b.dot_code = l.code left join public.admission_record a on a.dot_code = l.code
    left join public.dot_tools t on t.code = l.code)) as answer`;

/**
 * The lifecycle proof of each C1 DOT, from the registries of the snapshot that the connection is in.
 *
 * @throws C1Error ERROR_READ_FAILED when the registries answer something else
 */
export async function readLifecycles(client: Client): Promise<Lifecycles> {
  const parsed = lifecycles.safeParse(await callGateway<unknown>(client, { sql: LIFECYCLE_READ, args: [] }));
  if (parsed.success) return parsed.data;
  throw new C1Error('ERROR_READ_FAILED', {
    seen: z.prettifyError(parsed.error),
    expected: 'the lifecycle of each DOT',
  });
}
