import { type Json, sameJson, sha256Hex } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import type { VerifyKey } from '../../domain/evidence/keys.ts';
import { EVIDENCE_FILES, EVIDENCE_KIND, type EvidenceStatement } from '../../domain/evidence/statement.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';
import { altered, openFolder, readMember } from '../../dots/evidence/folder.ts';
import { assertBorneOut } from './borne-out.ts';
import { type EvidenceDocument, evidenceDocument, predicateOf } from './document.ts';
import { assertFresh, type StackState } from './stack-state.ts';

export interface VerifyOptions {
  readonly keys: readonly VerifyKey[];
  /** The stack that it must be of; null where nobody said. */
  readonly stack: string | null;
  /** What the stack's state says; null where nobody gave it. */
  readonly state: StackState | null;
}

/** One thing that was verified, or was not: what was not executed has no count and is no pass. */
export interface Verified {
  readonly name: string;
  readonly outcome: 'passed' | 'not executed';
  readonly checked: number;
  readonly seen: string;
}

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
  const { statement, digest, signer, files } = openFolder(folder, keys, EVIDENCE_KIND);
  const document = readDocument(folder, statement);
  assertBorneOut(document);
  assertManifest(folder, document);
  const { checks } = statement.predicate;
  return {
    ...{ digest, signer, statement, document },
    verified: [
      passed('signature', 1, `by ${signer}`),
      passed('files', files, 'each as it was signed, none missing, none added'),
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
      verifyStack(statement, stack),
      verifyState(document, digest, state),
    ],
  };
}

/** The document says in long what the statement says in short. */
function readDocument(folder: string, statement: EvidenceStatement): EvidenceDocument {
  const document = parseDocument(readMember(folder, EVIDENCE_FILES.document));
  if (sameJson(predicateOf(document) as unknown as Json, statement.predicate as unknown as Json)) return document;
  throw altered('a statement that says something else than its document', 'both the same');
}

function parseDocument(bytes: Uint8Array): EvidenceDocument {
  try {
    return evidenceDocument.parse(parseJsonStrictly(bytes));
  } catch (cause) {
    const seen = `${EVIDENCE_FILES.document} of another shape`;
    throw new C1Error('REJECT_EVIDENCE_MALFORMED', { seen, expected: 'the evidence as it was written' }, { cause });
  }
}

/** The file is the manifest that the document says, whose hash is computed again with it. */
function assertManifest(folder: string, { readback: { manifest } }: EvidenceDocument): void {
  const seen = sha256Hex(readMember(folder, EVIDENCE_FILES.manifest));
  const { node, postgresql, sha256sum } = manifest.hashes;
  const other = [node, postgresql, sha256sum].find((hash) => hash !== seen);
  if (other !== undefined) throw altered(`a manifest with SHA-256 ${seen}`, `${other} in each of three computations`);
}

function verifyStack({ predicate }: EvidenceStatement, stack: string | null): Verified {
  if (stack === null) return notExecuted('stack', `it says ${predicate.stack}; nobody said which it must be (--stack)`);
  if (predicate.stack === stack) return passed('stack', 1, stack);
  throw new C1Error('REJECT_EVIDENCE_OTHER_STACK', {
    seen: `evidence of stack ${predicate.stack}`,
    expected: `stack ${stack}`,
  });
}

function verifyState(document: EvidenceDocument, digest: string, state: StackState | null): Verified {
  if (state === null) return notExecuted('state', "no state to hold it against (--state, from 'pulumi stack export')");
  const compared = assertFresh(document, digest, state);
  return passed('state', compared, 'everything that the state knows is in the evidence');
}

export function passed(name: string, checked: number, seen: string): Verified {
  return { name, outcome: 'passed', checked, seen };
}

export function notExecuted(name: string, seen: string): Verified {
  return { name, outcome: 'not executed', checked: 0, seen };
}
