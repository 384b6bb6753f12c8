import { C1Error } from '../../domain/codes.ts';
import {
  type Authorization,
  authorizations,
  DRY_RUN_NAMESPACE,
  type EnteredEvidence,
  evidenceFault,
  keysFault,
  pairFault,
  statementOf,
} from '../../domain/dry-run-authorization.ts';
import { type Signers, verify } from './ssh.ts';

/**
 * Both signed statements of a governed dry run hold (readiness.md, "HALT"), and are over the evidence of this stack.
 *
 * @param given as it came on standard input
 * @param here the time by the clock of the database, ISO 8601, and the evidence that it has
 * @throws C1Error HOLD_DRYRUN_NOT_AUTHORIZED; HOLD_SIGNERS_MISSING, ERROR_SSH_MISSING
 */
export function assertAuthorizedDryRun(
  signers: Signers,
  given: unknown,
  { now, entered }: { readonly now: string; readonly entered: EnteredEvidence },
): void {
  const parsed = authorizations.safeParse(given ?? []);
  if (!parsed.success) throw unauthorized('authorizations of another shape');
  const fault = pairFault(parsed.data, now) ?? evidenceFault(parsed.data, entered);
  if (fault !== null) throw unauthorized(fault);
  assertSignatures(signers, parsed.data);
}

/**
 * Each statement is signed by an allowed key of its signer, and no two by the same key.
 *
 * @throws C1Error HOLD_DRYRUN_NOT_AUTHORIZED; HOLD_SIGNERS_MISSING, ERROR_SSH_MISSING
 */
export function assertSignatures(signers: Signers, given: readonly Authorization[]): void {
  const fault = keysFault(given.map((one) => keyOf(signers, one)));
  if (fault !== null) throw unauthorized(fault);
}

/**
 * Fingerprint of the key that signed the statement, which the allowed signers list for its signer.
 *
 * @throws C1Error HOLD_DRYRUN_NOT_AUTHORIZED; HOLD_SIGNERS_MISSING, ERROR_SSH_MISSING
 */
export function keyOf(signers: Signers, given: Authorization): string {
  const { kind, signer } = given.statement;
  try {
    return verify(signers, statementOf(given), given.signature, signer, { namespace: DRY_RUN_NAMESPACE });
  } catch (cause) {
    const isRefusal = cause instanceof C1Error && cause.code.startsWith('REJECT_');
    throw isRefusal ? unauthorized(`a ${kind} that no allowed key of ${signer} signed`, cause) : cause;
  }
}

function unauthorized(seen: string, cause?: unknown): C1Error {
  const expected = "the reviewer's confirmation and the owner's authorization over the evidence, by two keys";
  return new C1Error('HOLD_DRYRUN_NOT_AUTHORIZED', { seen, expected }, { cause });
}
