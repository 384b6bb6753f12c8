import { C1Error } from '../../domain/codes.ts';
import {
  type Authorization,
  authorizations,
  DRY_RUN_NAMESPACE,
  keysFault,
  pairFault,
  stackFault,
  statementOf,
} from '../../domain/dry-run-authorization.ts';
import { type Signers, verify } from './ssh.ts';

/**
 * Both signed statements of a governed dry run hold (readiness.md, "HALT"), and are for this stack.
 *
 * @param given as it came on standard input
 * @param here the time by the clock of the database, ISO 8601, and the stack whose grant is to be used
 * @throws C1Error HOLD_DRYRUN_NOT_AUTHORIZED; HOLD_SIGNERS_MISSING, ERROR_SSH_MISSING
 */
export function assertAuthorizedDryRun(
  signers: Signers,
  given: unknown,
  { now, stack }: { readonly now: string; readonly stack: string },
): void {
  const parsed = authorizations.safeParse(given ?? []);
  if (!parsed.success) throw unauthorized('authorizations of another shape');
  const fault =
    pairFault(parsed.data, now) ??
    stackFault(parsed.data, stack) ??
    keysFault(parsed.data.map((one) => keyOf(signers, one)));
  if (fault !== null) throw unauthorized(fault);
}

function keyOf(signers: Signers, given: Authorization): string {
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
