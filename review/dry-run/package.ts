import { DRY_RUN_ENVELOPE, DRY_RUN_FILES, DRY_RUN_PREDICATE_TYPE } from '../../domain/evidence/statement.ts';
import { documentBytes, type PackageFiles, sealed } from '../evidence/package.ts';
import { type DryRunDocument, predicateOf } from './document.ts';
import { dryRunPage } from './page.ts';

/**
 * The whole folder of a dry run, whatever came of it.
 *
 * @param privateKey text of the operator's Ed25519 key
 * @throws C1Error REJECT_UNKNOWN_SIGNER for a key that cannot sign
 */
export function dryRunPackageOf(document: DryRunDocument, privateKey: string): PackageFiles {
  const subjects = {
    [DRY_RUN_FILES.document]: documentBytes(document),
    [DRY_RUN_FILES.page]: Buffer.from(dryRunPage(document), 'utf8'),
  };
  const said = { predicateType: DRY_RUN_PREDICATE_TYPE, predicate: predicateOf(document) } as const;
  return sealed(subjects, DRY_RUN_ENVELOPE, said, privateKey);
}
