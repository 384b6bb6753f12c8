import { C1Error, type Code } from '../codes.ts';
import type { RowRef } from '../deltas.ts';
import { rowOf, type Snapshot } from '../snapshot.ts';
import { type DotPlan, delta, type Plan, withLedger } from './plan.ts';

/** The grant and the manifest that it was verified with. */
export type Consumption = { readonly auth_code: string; readonly manifest_hash: string };

const DOT = 'DOT_C1_VOCAB_VERIFY';

/**
 * The one use of a grant (executor.md, "Modes"). It leaves the live rows, so it is a run of direction retire; a second use
 * is refused, and never a NOOP: whoever asks has to know that it was not his.
 */
export const grantConsume: DotPlan<Consumption> = {
  dot: DOT,
  subject: refFor,
  scope: (payload) => [
    refFor(payload),
    { surface: 'dot_ledger', key: `governance_build_authorization/${payload.auth_code}` },
  ],
  apply: () => {
    throw new TypeError('a consumption retires');
  },
  retire: (snapshot, payload) => withLedger(DOT, 'retire', refFor(payload), planConsume(snapshot, payload)),
};

function refFor({ auth_code }: Consumption): RowRef {
  return { surface: 'governance_build_authorization', key: auth_code };
}

const REFUSALS: Readonly<Record<string, Code>> = {
  consumed: 'REJECT_AUTH_ALREADY_CONSUMED',
  revoked: 'REJECT_AUTH_REVOKED',
  expired: 'REJECT_AUTH_EXPIRED',
};

function planConsume(snapshot: Snapshot, payload: Consumption): Plan {
  const row = rowOf(snapshot, refFor(payload));
  if (row === null) throw refused('REJECT_NO_GRANT', `no grant ${payload.auth_code}`);
  const status = String(row.image.status);
  const seen = `grant ${payload.auth_code} with status ${status}`;
  if (status !== 'active') throw refused(REFUSALS[status] ?? 'REJECT_AUTH_NOT_ACTIVE', seen);
  if (row.past === true) throw refused('REJECT_AUTH_EXPIRED', `${seen}, past its expiry`);
  if (row.image.manifest_hash !== payload.manifest_hash)
    throw refused('REJECT_MANIFEST_HASH_MISMATCH', `${seen}, bound to another manifest`);
  const after = { ...row.image, status: 'consumed' };
  return { kind: 'change', deltas: [delta(refFor(payload), 'retire', row.image, after)] };
}

function refused(code: Code, seen: string): C1Error {
  return new C1Error(code, { seen, expected: 'an active grant, bound to the manifest that was verified' });
}
