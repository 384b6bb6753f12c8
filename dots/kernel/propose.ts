import { type Action, type AprRequest, requestStatement } from '../../domain/apr.ts';
import type { Delta } from '../../domain/deltas.ts';
import { type GatewayCall, rowCalls } from './gateway.ts';
import { runtimeConfig } from './main.ts';
import { keyFileOf, sign, signersOf, verify } from './ssh.ts';

/**
 * The calls of a run that proposes: a new request carries its proposer and his signature, and the whole of what is asked
 * for, which images hold by digest. Closing an older one needs no signature.
 *
 * @throws C1Error REJECT_UNKNOWN_SIGNER, HOLD_SIGNERS_MISSING
 */
export function proposalCalls(deltas: readonly Delta[], action: () => Action): readonly GatewayCall[] {
  return deltas
    .filter(({ surface }) => surface === 'apr_requests')
    .flatMap((delta) => (delta.op === 'insert' ? signedCall(delta, action()) : rowCalls([delta])));
}

/** The proposer is the principal whose signature the request carries. */
function signedCall(delta: Delta, proposed_action: Action): readonly GatewayCall[] {
  const row = { ...delta.after, proposed_action };
  const { operator, secretsDir } = runtimeConfig();
  const signers = signersOf(secretsDir);
  const statement = requestStatement({ ...(row as unknown as AprRequest), proposer: operator });
  const signature = sign(statement, keyFileOf(signers, operator));
  verify(signers, statement, signature, operator);
  return rowCalls([{ ...delta, after: { ...row, proposer: operator, proposer_signature: signature } }]);
}
