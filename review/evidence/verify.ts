import { sha256Hex } from '../../domain/canonical.ts';
import type { VerifyKey } from '../../domain/evidence/keys.ts';
import { EVIDENCE_FILES, EVIDENCE_KIND, type EvidenceStatement } from '../../domain/evidence/statement.ts';
import { altered, readMember } from '../../dots/evidence/folder.ts';
import { assertBorneOut } from './borne-out.ts';
import { type EvidenceDocument, evidenceDocument, predicateOf } from './document.ts';
import { notExecuted, openPackage, type PackageForm, passed, type Verified, verifyStack } from './open.ts';
import { assertFresh, type StackState } from './stack-state.ts';

export interface VerifyOptions {
  readonly keys: readonly VerifyKey[];
  /** The stack that it must be of; null where nobody said. */
  readonly stack: string | null;
  /** What the stack's state says; null where nobody gave it. */
  readonly state: StackState | null;
}

const EVIDENCE_FORM: PackageForm<EvidenceStatement, EvidenceDocument> = {
  ...EVIDENCE_KIND,
  ...{ what: 'the evidence', file: EVIDENCE_FILES.document, document: evidenceDocument, predicateOf },
};

export interface Verification {
  readonly digest: string;
  readonly signer: string;
  readonly statement: EvidenceStatement;
  readonly document: EvidenceDocument;
  readonly verified: readonly Verified[];
}

/**
 * Verifies an evidence folder, without a network and without the runtime: signature, files, and every check computed again.
 *
 * @throws C1Error REJECT_EVIDENCE_MALFORMED, REJECT_UNKNOWN_SIGNER, REJECT_EVIDENCE_ALTERED,
 * REJECT_EVIDENCE_FILE_MISSING, REJECT_EVIDENCE_FILE_ADDED, HOLD_EVIDENCE_INCOMPLETE, REJECT_EVIDENCE_OTHER_STACK,
 * HOLD_EVIDENCE_STALE
 */
export function verifyPackage(folder: string, { keys, stack, state }: VerifyOptions): Verification {
  const { statement, digest, signer, document, opened } = openPackage(folder, keys, EVIDENCE_FORM);
  assertBorneOut(document);
  assertManifest(folder, document);
  const { checks } = statement.predicate;
  return {
    ...{ digest, signer, statement, document },
    verified: [
      ...opened,
      passed('checks', checks.passed, `each passed, ${checks.things} things looked at`),
      passed(
        'handbook chain',
        document.readback.ledger.chain.length,
        'each entry is the hash of what it says and of the one before',
      ),
      passed(
        'manifest',
        document.readback.manifest.operations,
        `operations, SHA-256 ${statement.predicate.manifest_sha256}`,
      ),
      verifyStack('evidence', statement.predicate.stack, stack),
      verifyState(document, digest, state),
    ],
  };
}

/** The file is the manifest that the document says, whose hash is computed again with it. */
function assertManifest(folder: string, { readback: { manifest } }: EvidenceDocument): void {
  const seen = sha256Hex(readMember(folder, EVIDENCE_FILES.manifest));
  const { node, postgresql, sha256sum } = manifest.hashes;
  const other = [node, postgresql, sha256sum].find((hash) => hash !== seen);
  if (other !== undefined) throw altered(`a manifest with SHA-256 ${seen}`, `${other} in each of three computations`);
}

function verifyState(document: EvidenceDocument, digest: string, state: StackState | null): Verified {
  if (state === null) return notExecuted('state', "no state to hold it against (--state, from 'pulumi stack export')");
  const compared = assertFresh(document, digest, state);
  return passed('state', compared, 'everything that the state knows is in the evidence');
}
