import { allowedFor } from '../allowed-signers.ts';
import { C1Error } from '../codes.ts';
import { type VerifyKey, verifyKeyOf } from './keys.ts';

/** What an allowed signer must be allowed for; the same word that `ssh-keygen -Y` takes as namespace. */
export const EVIDENCE_NAMESPACE = 'c1-evidence';

/**
 * The keys that an allowed-signers file lists for evidence. A line without namespaces counts for every purpose; one whose
 * validity is bounded counts for none, because an offline check knows no time to hold it against.
 *
 * @throws C1Error HOLD_SIGNERS_MISSING when nobody may sign evidence
 */
export function evidenceSigners(text: string, revoked: string): readonly VerifyKey[] {
  const keys = allowedFor(text, EVIDENCE_NAMESPACE)
    .filter(({ key, isBounded }) => key.startsWith('ssh-ed25519 ') && !isBounded)
    .map(({ key }) => key);
  const allowed = keys.filter((key) => !revoked.includes(key)).map(verifyKeyOf);
  if (allowed.length > 0) return allowed;
  throw new C1Error('HOLD_SIGNERS_MISSING', {
    seen: keys.length > 0 ? 'only revoked keys' : `no Ed25519 key that may sign in the namespace ${EVIDENCE_NAMESPACE}`,
    expected: `a line such as: operator_1 namespaces="${EVIDENCE_NAMESPACE}" ssh-ed25519 …`,
  });
}
