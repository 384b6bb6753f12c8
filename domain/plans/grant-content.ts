import { C1Error } from '../codes.ts';
import { firstRefusal, shown } from '../decision/check.ts';
import { authCodeOf, GRANT_CONTENT_CHECKS } from '../decision/grant-checks.ts';
import { isRealRun } from '../decision/request-checks.ts';
import type { RuntimeManifest } from '../decision/shapes.ts';
import { type GrantOrder, LONGEST_TTL_S, supposedGrant } from '../grant.ts';
import { type ActionTypeRow, manifestHash, manifestOf, resolveOperations } from '../manifest.ts';
import { familyOf, type Snapshot } from '../snapshot.ts';

/** The rows that the manifest is made of; one more among them says who mints. */
export const MANIFEST_REFS = [{ surface: 'apr_action_types', prefix: '' }] as const;

/** The manifest as the rows of the snapshot make it. @throws C1Error as `resolveOperations` */
export function manifestIn(snapshot: Snapshot): RuntimeManifest {
  return manifestFrom(familyOf(snapshot, 'apr_action_types', '').map(({ image }) => image as unknown as ActionTypeRow));
}

/** The same of rows that came another way. @throws C1Error as `resolveOperations` */
export function manifestFrom(rows: readonly ActionTypeRow[]): RuntimeManifest {
  const operations = resolveOperations(rows);
  return { manifest: manifestOf(operations), hash: manifestHash(operations), since: START };
}

/** Neither a plan nor these checks look at the clock: the gateway does, where the grant is minted. */
const START = '1970-01-01T00:00:00Z';
const NO_FACTS = { quorum: false, proposed_at: null, ownership: null, vocabulary: [], dry_run_authorized: false };
const GATES = { dry_run_only: true, execute_enabled: false, real_run_enabled: false, now: START };

/**
 * What is asked for is exactly the dry run of C1, bound to the manifest as it is: by the very checks that the verifier
 * makes of the minted grant.
 *
 * @param aprCode of the request
 * @throws C1Error C1_PROD_REAL_RUN_BLOCKED, REJECT_GRANT_TTL, and as the content checks of a grant
 */
export function assertGrantContent(snapshot: Snapshot, order: GrantOrder, aprCode: string): void {
  assertDryRun(order);
  assertTtl(order);
  const grant = supposedGrant(order, aprCode, authCodeOf(aprCode), START);
  const asked = { dot_code: 'DOT_C1_VOCAB_VERIFY', mode: 'VERIFY_ONLY' };
  const found = firstRefusal(GRANT_CONTENT_CHECKS, {
    ...{ asked, mode: 'VERIFY_ONLY', facts: NO_FACTS, gates: GATES },
    ...{ grant, manifest: manifestIn(snapshot) },
  });
  if (found !== null) throw new C1Error(found.code, { seen: found.seen, expected: found.expected });
}

function assertDryRun({ mode }: GrantOrder): void {
  if (mode === 'DRY_RUN') return;
  const code = isRealRun(mode) ? 'C1_PROD_REAL_RUN_BLOCKED' : 'REJECT_GENERIC_GRANT';
  throw new C1Error(code, { seen: `a grant for mode ${shown(mode)}`, expected: 'DRY_RUN' });
}

function assertTtl({ ttl_seconds }: GrantOrder): void {
  if (ttl_seconds >= 1 && ttl_seconds <= LONGEST_TTL_S) return;
  throw new C1Error('REJECT_GRANT_TTL', { seen: `a life of ${ttl_seconds} s`, expected: `1 to ${LONGEST_TTL_S} s` });
}
