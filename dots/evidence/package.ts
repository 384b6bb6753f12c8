import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Json, sameJson } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { REVOKED_SIGNERS } from '../../domain/dry-run-authorization.ts';
import type { VerifyKey } from '../../domain/evidence/keys.ts';
import type { EvidenceRecord } from '../../domain/evidence/record.ts';
import { evidenceSigners } from '../../domain/evidence/signers.ts';
import { EVIDENCE_KIND, type EvidenceStatement } from '../../domain/evidence/statement.ts';
import { signersOf } from '../kernel/ssh.ts';
import { openFolder, type SignedFolder } from './folder.ts';

/** Who may sign evidence on this runtime; keys that were revoked since do not. @throws C1Error HOLD_SIGNERS_MISSING */
export function signersHere(secretsDir: string): readonly VerifyKey[] {
  const { folder } = signersOf(secretsDir);
  return evidenceSigners(textOf(join(folder, 'allowed_signers')), textOf(join(folder, REVOKED_SIGNERS)));
}

/**
 * The package that a record of the knowledge base stands for: signed, whole, of this stack, and proven for the same.
 *
 * @param folder of the stack's package
 * @throws C1Error HOLD_EVIDENCE_MISSING when there is none, or it is another one's; as `openFolder`
 */
export function packageOfRecord(
  folder: string,
  keys: readonly VerifyKey[],
  stack: string,
  record: EvidenceRecord,
): SignedFolder<EvidenceStatement> {
  if (!existsSync(folder)) throw notThere('no package of this stack', 'the one that W9 writes first');
  const found = openFolder(folder, keys, EVIDENCE_KIND);
  const { predicate } = found.statement;
  if (predicate.stack !== stack) throw notThere(`a package of stack ${predicate.stack}`, `one of stack ${stack}`);
  const [said, wanted] = [predicate, record].map(({ proven_for, manifest_sha256 }) => ({
    proven_for,
    manifest_sha256,
  }));
  if (sameJson(said as unknown as Json, wanted as unknown as Json)) return found;
  throw notThere('a package that is proven for other definitions, another grant or another manifest', 'one for these');
}

function notThere(seen: string, expected: string): C1Error {
  return new C1Error('HOLD_EVIDENCE_MISSING', { seen, expected });
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
