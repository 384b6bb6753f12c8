import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { APPROVAL_NAMESPACE, type SignedApproval, signedApproval } from '../../domain/approval/statement.ts';
import { C1Error } from '../../domain/codes.ts';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';
import { type Signers, verify } from '../../dots/kernel/ssh.ts';
import { type ApprovalView, approvalViewOf, unreadableApproval } from '../../review/plan/approval-view.ts';
import { errnoOf } from '../../runtime/files.ts';

/**
 * The owners' decisions that the checkout has for a plan's stack, each with its signature checked. What cannot be read, or
 * does not hold, is in the list as such: it may be a denial.
 *
 * @param folder `approvals` of the checkout
 */
export function readApprovals(folder: string, signers: Signers, plan: PlanDocument): readonly ApprovalView[] {
  const own = path.join(folder, plan.stack);
  try {
    const names = readdirSync(own).filter((name) => name.endsWith('.json'));
    return names.toSorted().map((name) => approvalIn(path.join(own, name), signers, plan));
  } catch (cause) {
    return errnoOf(cause) === 'ENOENT'
      ? []
      : [unreadableApproval(plan.stack, `the folder cannot be read: ${said(cause)}`)];
  }
}

function approvalIn(file: string, signers: Signers, plan: PlanDocument): ApprovalView {
  const name = path.basename(file);
  let signed: SignedApproval;
  try {
    signed = signedApproval.parse(parseJsonStrictly(readFileSync(file)));
  } catch (cause) {
    return unreadableApproval(name, `no signed decision: ${said(cause)}`);
  }
  return approvalViewOf(name, signed, signatureFault(signers, signed), plan);
}

function signatureFault(signers: Signers, { statement, signature }: SignedApproval): string | null {
  try {
    verify(signers, statement, signature, statement.approver, { namespace: APPROVAL_NAMESPACE });
    return null;
  } catch (cause) {
    if (cause instanceof C1Error) return `${cause.code}: ${cause.seen}`;
    throw cause;
  }
}

function said(cause: unknown): string {
  if (cause instanceof C1Error) return cause.seen;
  return errnoOf(cause) ?? 'another shape';
}
