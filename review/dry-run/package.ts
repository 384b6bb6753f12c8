import { canonicalJson, type Json, sha256Hex } from '../../domain/canonical.ts';
import { sealWith } from '../../domain/evidence/envelope.ts';
import {
  DRY_RUN_ENVELOPE,
  DRY_RUN_FILES,
  DRY_RUN_PREDICATE_TYPE,
  type DryRunStatement,
  STATEMENT_TYPE,
} from '../../domain/evidence/statement.ts';
import type { PackageFiles } from '../evidence/package.ts';
import { type DryRunDocument, predicateOf } from './document.ts';
import { dryRunPage } from './page.ts';

/**
 * The whole folder of a dry run, whatever came of it.
 *
 * @param privateKey text of the operator's Ed25519 key
 * @throws C1Error REJECT_UNKNOWN_SIGNER for a key that cannot sign
 */
export function dryRunPackageOf(document: DryRunDocument, privateKey: string): PackageFiles {
  const subjects: PackageFiles = {
    [DRY_RUN_FILES.document]: Buffer.from(`${canonicalJson(document as unknown as Json)}\n`, 'utf8'),
    [DRY_RUN_FILES.page]: Buffer.from(dryRunPage(document), 'utf8'),
  };
  const statement: DryRunStatement = {
    _type: STATEMENT_TYPE,
    subject: Object.entries(subjects)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, bytes]) => ({ name, digest: { sha256: sha256Hex(bytes) } })),
    predicateType: DRY_RUN_PREDICATE_TYPE,
    predicate: predicateOf(document),
  };
  return { ...subjects, [DRY_RUN_ENVELOPE]: Buffer.from(sealWith(statement, privateKey), 'utf8') };
}
