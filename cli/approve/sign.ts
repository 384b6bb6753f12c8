import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  APPROVAL_NAMESPACE,
  type ApprovalStatement,
  type DecisionOrder,
  type SignedApproval,
  statementFor,
} from '../../domain/approval/statement.ts';
import { voteStatement } from '../../domain/apr.ts';
import type { Json } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { OWN_KEY, operatorKeys } from '../../dots/kernel/plan-approvals.ts';
import { keyFileOf, type Signers, sign, signersOf, verify } from '../../dots/kernel/ssh.ts';
import { CHECKOUT, type StatePaths } from '../../runtime/paths.ts';
import { OPERATOR } from '../../runtime/stand-in-keys.ts';
import { requestsOf } from './requests.ts';

export interface SignOrder extends DecisionOrder {
  readonly plan: PlanDocument;
  /** Null for the stand-in's key. */
  readonly keyFile: string | null;
}

/**
 * The decision, signed, with the votes that go with an approval; only if the signatures would count.
 *
 * @throws C1Error ERROR_USAGE, REJECT_UNKNOWN_SIGNER, REJECT_SIGNER_REVOKED, REJECT_SELF_APPROVAL, REJECT_APR_ALTERED
 */
export function signDecision(paths: StatePaths, { plan, keyFile, ...order }: SignOrder): SignedApproval {
  if (order.approver === OPERATOR) throw selfApproval(order.approver, 'who runs the program');
  const signers = signersOf(paths.secrets);
  const key = keyFile ?? keyFileOf(signers, order.approver);
  const statement = statementFor(plan, order);
  const signature = sign(statement as unknown as Json, key, APPROVAL_NAMESPACE);
  const signed = { statement, signature, votes: votesOn(paths, signers, { plan, statement, key }) };
  assertCounts(signers, signed);
  return signed;
}

function votesOn(
  paths: StatePaths,
  signers: Signers,
  {
    plan,
    statement,
    key,
  }: { readonly plan: PlanDocument; readonly statement: ApprovalStatement; readonly key: string },
): SignedApproval['votes'] {
  if (statement.decision === 'deny' || statement.direction === 'retire') return [];
  const chosen = plan.steps.filter(({ id }) => statement.steps.some((one) => one.id === id));
  return requestsOf(paths, chosen).map((request) => {
    const vote = voteStatement(request, statement.approver, 'approve');
    const signature = sign(vote, key);
    verify(signers, vote, signature, statement.approver);
    return { apr_code: request.apr_code, signature };
  });
}

/**
 * The signature is the approver's own, by the runtime's list of who may sign and by the checkout's, and he is not whoever
 * runs the program.
 *
 * @throws C1Error REJECT_UNKNOWN_SIGNER, REJECT_SIGNER_REVOKED, REJECT_SELF_APPROVAL, REJECT_APR_ALTERED
 */
export function assertCounts(signers: Signers, { statement, signature }: SignedApproval): void {
  const { approver } = statement;
  const own = operatorKeys(signers, OPERATOR);
  const keys = [signers, ...checkoutSigners()].map((list) =>
    verify(list, statement as unknown as Json, signature, approver, { namespace: APPROVAL_NAMESPACE }),
  );
  if (keys.some((key) => own.includes(key))) throw selfApproval(approver, OWN_KEY);
  if (approver === OPERATOR) throw selfApproval(approver, 'who runs the program');
}

function selfApproval(approver: string, why: string): C1Error {
  return new C1Error('REJECT_SELF_APPROVAL', {
    seen: `a decision of ${approver}, ${why}`,
    expected: 'another person with another key',
    next: 'npx c1 approve by an owner who does not run the program',
  });
}

/** `approvals/allowed_signers`, where the checkout has one. */
function checkoutSigners(): readonly Signers[] {
  const folder = path.join(CHECKOUT, 'approvals');
  return existsSync(path.join(folder, 'allowed_signers')) ? [{ folder }] : [];
}
