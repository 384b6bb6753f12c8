import type { Client } from 'pg';
import { C1Error } from '../../domain/codes.ts';
import { AUTHORIZE_ACTION, AUTHORIZE_HANDLER } from '../../domain/handler.ts';
import { manifestBytes } from '../../domain/manifest.ts';
import { assertLives } from '../../domain/readiness/lifecycle.ts';
import { readLifecycles } from '../readiness/lifecycle.ts';
import { assertSummed } from '../vocab/files.ts';
import { decideOn, type ReadState, readState } from '../vocab/state.ts';

const ISSUER = 'DOT_C1_GRANT_ISSUE';

/**
 * H5: whoever is to ask for the grant was born, admitted, registered, catalogued and entered.
 *
 * @returns how much was checked
 * @throws C1Error C1_GRANT_ISSUER_HOLD_DOT_LIFECYCLE_INCOMPLETE
 */
export async function assertIssuer(client: Client): Promise<number> {
  return assertLives(await readLifecycles(client), [ISSUER]);
}

/** What seed 003, step 7 asks of the minted grant, beside what the verifier asks. */
const GRANT_READ = `select
  (select count(*)::int from public.governance_build_authorization g where g.carrier = 'C1' and g.status = 'active') as live,
  (select count(*)::int from public.governance_build_authorization g where g.carrier = 'C1' and g.status in ('consumed', 'expired')
     and exists (select from public.apr_requests q where q.apr_code = g.request_ref and q.status = 'applied')) as spent,
  (select t.handler_ref from public.apr_action_types t where t.action_code = $1) as handler,
  (select count(*)::int from public.apr_requests q join public.governance_build_authorization g on g.request_ref = q.apr_code
    where q.action_code = $1 and q.status = 'applied' and q.applied_at is not null and g.auth_code = 'GBA-C1-' || q.apr_code) as applied`;

/**
 * The readback of W7: one grant and one applied request, the handler bound, the manifest's hash the same in three
 * computations, and the verifier's own decision. A grant that was used or is over is asked no more than that it is the one.
 *
 * @param client in a transaction that only reads
 * @throws C1Error HOLD_COUNTER_DRIFT, HOLD_HANDLER_UNBOUND, HOLD_MANIFEST_NOT_REPRODUCED and what the verifier refuses with
 */
export async function assertGrant(client: Client): Promise<number> {
  const { rows } = await client.query<Counts>(GRANT_READ, [AUTHORIZE_ACTION]);
  const counts = rows[0];
  if (counts === undefined) throw new TypeError('no row from a select without from');
  assertOne(counts);
  if (counts.handler !== AUTHORIZE_HANDLER) {
    const seen = `handler ${counts.handler ?? 'none'} of ${AUTHORIZE_ACTION}`;
    throw new C1Error('HOLD_HANDLER_UNBOUND', { seen, expected: AUTHORIZE_HANDLER });
  }
  const state = await readState(client);
  assertSummed(manifestBytes(state.manifest.manifest.operations), state.manifest.hash);
  return CHECKED + (counts.live === 0 ? 0 : verified(state));
}

/** Grants, requests, handler, and a hash each of Node, PostgreSQL and the program. */
const CHECKED = 6;

interface Counts {
  readonly live: number;
  readonly spent: number;
  readonly handler: string | null;
  readonly applied: number;
}

function assertOne({ live, spent, applied }: Counts): void {
  if (live + spent === 1 && applied === 1) return;
  throw new C1Error('HOLD_COUNTER_DRIFT', {
    seen: `${live} live grants of C1, ${spent} used or over, ${applied} applied requests`,
    expected: 'one grant and its one applied request',
  });
}

/** As `dot-c1-vocab-verify` decides. */
function verified(state: ReadState): number {
  const { manifest, hash } = state.manifest;
  const asked = { dot_code: 'DOT_C1_VOCAB_VERIFY', mode: 'VERIFY_ONLY', manifest: { ...manifest, hash } };
  return decideOn(state, asked).checks;
}
