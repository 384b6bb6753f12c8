import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { assertSigned, type OpenedEnvelope, readEnvelope } from '../../domain/evidence/envelope.ts';
import type { VerifyKey } from '../../domain/evidence/keys.ts';
import type { AnyStatement, PackageKind } from '../../domain/evidence/statement.ts';

export interface SignedFolder<S extends AnyStatement> extends OpenedEnvelope<S> {
  /** SHA-256 of the envelope, and so of everything that it signs: the digest that people sign for a dry run. */
  readonly digest: string;
  /** Fingerprint of the key that signed. */
  readonly signer: string;
  /** How many files were looked at. */
  readonly files: number;
}

/**
 * An evidence folder is signed by one of the keys, and every file of it is as it was signed, none missing, none added.
 *
 * @throws C1Error REJECT_EVIDENCE_MALFORMED, REJECT_UNKNOWN_SIGNER, REJECT_EVIDENCE_ALTERED,
 * REJECT_EVIDENCE_FILE_MISSING, REJECT_EVIDENCE_FILE_ADDED
 */
export function openFolder<S extends AnyStatement>(
  folder: string,
  keys: readonly VerifyKey[],
  kind: PackageKind<S>,
): SignedFolder<S> {
  const bytes = readMember(folder, kind.envelope);
  const opened = readEnvelope(bytes, kind);
  const signer = assertSigned(opened, keys);
  const files = assertSubjects(folder, kind.envelope, opened.statement);
  return { ...opened, digest: packageDigest(bytes), signer, files };
}

export function packageDigest(envelope: Uint8Array): string {
  return sha256Hex(envelope);
}

/** Every subject is there as it was signed, and nothing else is. */
function assertSubjects(folder: string, envelope: string, { subject }: AnyStatement): number {
  for (const { name, digest } of subject) {
    const seen = sha256Hex(readMember(folder, name));
    if (seen !== digest.sha256) throw altered(`${name} with SHA-256 ${seen}`, digest.sha256);
  }
  const signed = new Set([envelope, ...subject.map(({ name }) => name)]);
  const added = readdirSync(folder).filter((name) => !signed.has(name));
  if (added.length === 0) return subject.length;
  throw new C1Error('REJECT_EVIDENCE_FILE_ADDED', {
    seen: added.slice(0, 3).join(', '),
    expected: `only ${[...signed].join(', ')}`,
  });
}

/** A member by its plain name, and a file: a name that leads elsewhere is none of the folder's. */
export function readMember(folder: string, name: string): Buffer {
  if (!/^[a-z0-9.-]+$/.test(name) || name.startsWith('.')) {
    const seen = `a file named ${JSON.stringify(name)}`;
    throw new C1Error('REJECT_EVIDENCE_MALFORMED', { seen, expected: 'a plain name' });
  }
  const file = join(folder, name);
  try {
    if (lstatSync(file).isFile()) return readFileSync(file);
  } catch (cause) {
    throw missing(name, cause);
  }
  throw missing(name);
}

export function altered(seen: string, expected: string): C1Error {
  return new C1Error('REJECT_EVIDENCE_ALTERED', { seen, expected });
}

function missing(name: string, cause?: unknown): C1Error {
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  const finding = { seen: `no file ${name}${code}`, expected: 'every file that was signed' };
  return new C1Error('REJECT_EVIDENCE_FILE_MISSING', finding, { cause });
}
