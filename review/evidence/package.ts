import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson, type Json, sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { sealWith } from '../../domain/evidence/envelope.ts';
import {
  type DryRunStatement,
  EVIDENCE_ENVELOPE,
  EVIDENCE_FILES,
  type EvidenceStatement,
  PREDICATE_TYPE,
  STATEMENT_TYPE,
} from '../../domain/evidence/statement.ts';
import { type EvidenceDocument, predicateOf } from './document.ts';
import { evidencePage } from './page.ts';

/** The files of a package by name. */
export type PackageFiles = Readonly<Record<string, Buffer>>;

/**
 * The whole folder, from what was observed: the same document and key give the same bytes.
 *
 * @param privateKey text of the operator's Ed25519 key
 * @throws C1Error HOLD_EVIDENCE_INCOMPLETE; REJECT_UNKNOWN_SIGNER for a key that cannot sign
 */
export function packageOf(document: EvidenceDocument, privateKey: string): PackageFiles {
  const subjects = {
    [EVIDENCE_FILES.document]: documentBytes(document),
    [EVIDENCE_FILES.manifest]: Buffer.from(document.readback.manifest.bytes, 'utf8'),
    [EVIDENCE_FILES.page]: Buffer.from(evidencePage(document), 'utf8'),
  };
  const said = { predicateType: PREDICATE_TYPE, predicate: predicateOf(document) } as const;
  return sealed(subjects, EVIDENCE_ENVELOPE, said, privateKey);
}

type Said = Omit<EvidenceStatement, '_type' | 'subject'> | Omit<DryRunStatement, '_type' | 'subject'>;

/** The files, and the envelope that signs each of them. @throws C1Error REJECT_UNKNOWN_SIGNER for a key that cannot sign */
export function sealed(subjects: PackageFiles, envelope: string, said: Said, privateKey: string): PackageFiles {
  const subject = Object.entries(subjects)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, bytes]) => ({ name, digest: { sha256: sha256Hex(bytes) } }));
  const statement = { _type: STATEMENT_TYPE, subject, ...said } as const;
  return { ...subjects, [envelope]: Buffer.from(sealWith(statement, privateKey), 'utf8') };
}

/** Canonical JSON and a line's end. */
export function documentBytes(document: object): Buffer {
  return Buffer.from(`${canonicalJson(document as unknown as Json)}\n`, 'utf8');
}

/**
 * Puts the files in place of an older package, whole or not at all: whoever is killed leaves the older one.
 *
 * @throws C1Error ERROR_STATE_FOLDER
 */
export function writePackage(folder: string, files: PackageFiles): void {
  const [part, old] = [`${folder}.part`, `${folder}.old`];
  try {
    mkdirSync(dirname(folder), { recursive: true });
    for (const one of [part, old]) rmSync(one, { recursive: true, force: true });
    mkdirSync(part);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(part, name), bytes, { mode: 0o644 });
    replace(folder, part, old);
  } catch (cause) {
    const seen = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new C1Error(
      'ERROR_STATE_FOLDER',
      { seen: `no place for the evidence: ${seen}`, expected: 'a state folder that can be written' },
      { cause },
    );
  }
}

function replace(folder: string, part: string, old: string): void {
  try {
    renameSync(folder, old);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
  }
  renameSync(part, folder);
  rmSync(old, { recursive: true, force: true });
}
