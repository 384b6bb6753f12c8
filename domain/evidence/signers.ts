import { allowedFor } from '../allowed-signers.ts';
import { C1Error } from '../codes.ts';
import { type VerifyKey, verifyKeyOf } from './keys.ts';

/** What an allowed signer must be allowed for; the same word that `ssh-keygen -Y` takes as namespace. */
export const EVIDENCE_NAMESPACE = 'c1-evidence';

/**
 * The keys that an allowed-signers file lists for evidence. A line without namespaces counts for every purpose; one whose
 * validity is bounded counts for none, because an offline check knows no time to hold it against.
 *
 * @param revoked the list beside it, one public key a line
 * @throws C1Error HOLD_SIGNERS_MISSING when nobody may sign evidence, or nobody can say who no longer may
 */
export function evidenceSigners(text: string, revoked: string): readonly VerifyKey[] {
  assertKeyList(revoked);
  const keys = allowedFor(text, EVIDENCE_NAMESPACE)
    .filter(({ key, isBounded }) => key.startsWith('ssh-ed25519 ') && !isBounded)
    .map(({ key }) => key);
  const gone = new Set(revoked.split(/\s+/));
  // However its line is written, a key is its base64.
  const allowed = keys.filter((key) => !gone.has(key.split(' ')[1] ?? '')).map(verifyKeyOf);
  if (allowed.length > 0) return allowed;
  throw new C1Error('HOLD_SIGNERS_MISSING', {
    seen: keys.length > 0 ? 'only revoked keys' : `no Ed25519 key that may sign in the namespace ${EVIDENCE_NAMESPACE}`,
    expected: `a line such as: operator_1 namespaces="${EVIDENCE_NAMESPACE}" ssh-ed25519 …`,
  });
}

/** `ssh-keygen` takes a binary list (KRL) as well, of which nothing can be read here: then nobody is known not to be on it. */
function assertKeyList(revoked: string): void {
  if (!revoked.startsWith('SSHKRL')) return;
  throw new C1Error('HOLD_SIGNERS_MISSING', {
    seen: 'revoked signers as a binary list (KRL)',
    expected: 'one public key a line, which both ssh-keygen and this can read',
    next: 'write the revoked public keys into the file, one a line, then run the same command again',
  });
}
