import { C1Error } from '../../domain/codes.ts';
import { evidenceFault, pairFault } from '../../domain/dry-run-authorization.ts';
import type { VerifyKey } from '../../domain/evidence/keys.ts';
import { DRY_RUN_FILES, DRY_RUN_KIND, type DryRunStatement } from '../../domain/evidence/statement.ts';
import { assertSignatures } from '../../dots/kernel/dry-run.ts';
import type { Signers } from '../../dots/kernel/ssh.ts';
import { notExecuted, openPackage, type PackageForm, passed, type Verified, verifyStack } from '../evidence/open.ts';
import { assertBorneOut } from './borne-out.ts';
import { type DryRunDocument, dryRunDocument, predicateOf } from './document.ts';

const DRY_RUN_FORM: PackageForm<DryRunStatement, DryRunDocument> = {
  ...DRY_RUN_KIND,
  ...{ what: 'the dry run', file: DRY_RUN_FILES.document, document: dryRunDocument, predicateOf },
};

export interface VerifyOptions {
  readonly keys: readonly VerifyKey[];
  /** The stack that it must be of; null where nobody said. */
  readonly stack: string | null;
  /** Who may authorize a dry run; null where nobody gave a list. */
  readonly signers: Signers | null;
}

export interface DryRunVerification {
  readonly digest: string;
  readonly signer: string;
  readonly statement: DryRunStatement;
  readonly verified: readonly Verified[];
}

/**
 * Verifies the folder of a dry run, without a network and without the runtime.
 *
 * @throws C1Error as `openFolder`; REJECT_EVIDENCE_MALFORMED, REJECT_EVIDENCE_ALTERED; REJECT_EVIDENCE_OTHER_STACK;
 * HOLD_DRYRUN_NOT_AUTHORIZED when its statements are over something else; HOLD_EVIDENCE_INCOMPLETE when it was stopped
 */
export function verifyDryRun(folder: string, { keys, stack, signers }: VerifyOptions): DryRunVerification {
  const { statement, digest, signer, document, opened } = openPackage(folder, keys, DRY_RUN_FORM);
  assertBorneOut(document);
  const { passed: count, things } = statement.predicate.checks;
  const statements = assertAuthorized(document);
  const verified = [
    ...opened,
    passed('statements', statements, `over evidence ${document.evidence_digest}`),
    verifySigners(document, signers),
    verifyStack('a dry run', statement.predicate.stack, stack),
  ];
  assertPassed(document);
  return {
    ...{ digest, signer, statement },
    verified: [...verified, passed('checks', count, `each passed, ${things} things looked at`)],
  };
}

/** As they were when it began. */
function assertAuthorized({ authorizations, began_at, stack, evidence_digest }: DryRunDocument): number {
  const entered = { stack, digest: evidence_digest };
  const fault = pairFault(authorizations, began_at) ?? evidenceFault(authorizations, entered);
  if (fault === null) return authorizations.length;
  const expected = 'two statements over its evidence, by two people';
  throw new C1Error('HOLD_DRYRUN_NOT_AUTHORIZED', { seen: fault, expected });
}

function verifySigners({ authorizations }: DryRunDocument, signers: Signers | null): Verified {
  if (signers === null) return notExecuted('signers', 'nobody said who may authorize (--allowed-signers)');
  assertSignatures(signers, authorizations);
  return passed('signers', authorizations.length, 'each statement by an allowed key of its signer');
}

function assertPassed({ checks }: DryRunDocument): void {
  const open = checks.find(({ outcome, checked }) => outcome !== 'passed' || checked === 0);
  if (open === undefined) return;
  throw new C1Error('HOLD_EVIDENCE_INCOMPLETE', {
    seen: `${open.name}: ${open.outcome}; ${open.seen}`,
    expected: 'a dry run that came to its end',
    next: open.repeat,
  });
}
