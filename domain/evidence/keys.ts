import { createPublicKey, type KeyObject } from 'node:crypto';
import sshpk from 'sshpk';
import { C1Error } from '../codes.ts';

/** An Ed25519 key pair that signs evidence, and the fingerprint that names it. */
export interface SigningKey {
  readonly pem: string;
  readonly keyid: string;
}

export interface VerifyKey {
  readonly key: KeyObject;
  readonly keyid: string;
}

/**
 * A private Ed25519 key without a passphrase, as OpenSSH or PKCS #8 writes it. `ssh-keygen -Y` cannot sign an envelope: what
 * it signs is never the plain bytes (docs/decisions/0017).
 *
 * @throws C1Error REJECT_UNKNOWN_SIGNER
 */
export function signingKeyOf(text: string): SigningKey {
  const key = parsed(text, () => sshpk.parsePrivateKey(text, 'auto'), 'private');
  return { pem: key.toString('pkcs8'), keyid: fingerprintOf(key.toPublic()) };
}

/** A public Ed25519 key: a line of OpenSSH, or PEM. @throws C1Error REJECT_UNKNOWN_SIGNER */
export function verifyKeyOf(text: string): VerifyKey {
  const key = parsed(text, () => sshpk.parseKey(text.trim(), 'auto'), 'public');
  return { key: createPublicKey(key.toString('pkcs8')), keyid: fingerprintOf(key) };
}

/** As `ssh-keygen -l` prints it. */
function fingerprintOf(key: sshpk.Key): string {
  return key.fingerprint('sha256').toString();
}

function parsed<K extends { readonly type: string }>(text: string, parse: () => K, half: string): K {
  const key = attempt(parse);
  if (key instanceof Error) throw unusable(`a ${half} key that cannot be read`, half, key);
  if (key.type !== 'ed25519') throw unusable(`a key of type ${key.type}`, half);
  if (half === 'public' && /PRIVATE KEY/.test(text)) throw unusable('a private key', half);
  return key;
}

/** Its message may quote the key. */
function attempt<K>(parse: () => K): K | Error {
  try {
    return parse();
  } catch (cause) {
    return new Error(cause instanceof Error ? cause.name : 'not a key');
  }
}

function unusable(seen: string, half: string, cause?: Error): C1Error {
  const expected = `an Ed25519 ${half} key${half === 'private' ? ' without a passphrase' : ''}`;
  return new C1Error('REJECT_UNKNOWN_SIGNER', { seen, expected, next: 'name another file with --key' }, { cause });
}
