import type { Json } from '../../domain/canonical.ts';
import { type Authorization, type AuthorizationKind, DRY_RUN_NAMESPACE } from '../../domain/dry-run-authorization.ts';
import { keyOf } from '../../dots/kernel/dry-run.ts';
import { keyFileOf, sign, signersOf } from '../../dots/kernel/ssh.ts';
import { statePaths } from '../../runtime/paths.ts';
import { currentEvidence } from './evidence.ts';

export interface SignOrder {
  readonly stack: string;
  readonly kind: AuthorizationKind;
  readonly signer: string;
  /** Null for the stand-in's key. */
  readonly keyFile: string | null;
  readonly hours: number;
}

/**
 * A statement over the evidence of the stack as it is now, signed, and only if the signature would count.
 *
 * @throws C1Error as `currentEvidence`; REJECT_UNKNOWN_SIGNER; HOLD_DRYRUN_NOT_AUTHORIZED when the key is not the signer's
 */
export async function signStatement(stateDir: string, order: SignOrder): Promise<Authorization> {
  const paths = statePaths(stateDir);
  const signers = signersOf(paths.secrets);
  const { digest } = await currentEvidence(paths, order.stack);
  const { kind, signer, stack, hours } = order;
  const expires_at = new Date(Date.now() + hours * 3_600_000).toISOString();
  const statement = { kind, evidence_digest: digest, signer, expires_at, stack };
  const signature = sign(statement satisfies Json, order.keyFile ?? keyFileOf(signers, signer), DRY_RUN_NAMESPACE);
  const signed = { statement, signature };
  keyOf(signers, signed);
  return signed;
}
