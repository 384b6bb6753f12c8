import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { JudgedDecision } from '../../domain/approval/standing.ts';
import type { SignedApproval } from '../../domain/approval/statement.ts';
import { C1Error } from '../../domain/codes.ts';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { operatorKeys, signatureOf } from '../../dots/kernel/plan-approvals.ts';
import type { Signers } from '../../dots/kernel/ssh.ts';
import { type ApprovalView, approvalViewOf, isSame, unreadableApproval } from '../../review/plan/approval-view.ts';
import { errnoOf } from '../../runtime/files.ts';
import { OPERATOR } from '../../runtime/stand-in-keys.ts';
import { readApproval } from '../approve/files.ts';

/** Where decisions are looked for. */
export interface Places {
  /** `approvals/<stack>` of the checkout. */
  readonly folder: string;
  readonly signers: Signers;
  /** What owners entered in the runtime; null where it could not be asked. */
  readonly entered: readonly JudgedDecision[] | null;
}

/**
 * The owners' decisions about a plan's stack, of the checkout and of the runtime, each with its signature checked. What cannot
 * be read, or does not hold, is in the list as such: it may be a denial.
 */
export function readApprovals({ folder, signers, entered }: Places, plan: PlanDocument): readonly ApprovalView[] {
  const files = filesIn(folder).map((found) => (typeof found === 'string' ? fileIn(found, signers) : found));
  const kept = files.flatMap((found) => ('statement' in found ? [found.statement] : []));
  const elsewhere = (entered ?? []).filter(({ statement }) => !kept.some((one) => isSame(one, statement)));
  return [
    ...files.map((found) => {
      if (!('statement' in found)) return found;
      const own = entered?.find(({ statement }) => isSame(statement, found.statement));
      const isEntered = entered === null ? null : own !== undefined;
      return approvalViewOf({ ...found, entered: isEntered, spent: own?.spent ?? [] }, plan);
    }),
    ...elsewhere.map(({ statement, fingerprint, fault, spent }) =>
      approvalViewOf({ file: null, statement, key: fingerprint, fault, entered: true, spent }, plan),
    ),
  ];
}

/** Each file by its path; a folder that cannot be read is one that counts for nothing. */
function filesIn(folder: string): readonly (string | ApprovalView)[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    return names.toSorted().map((name) => path.join(folder, name));
  } catch (cause) {
    const fault = `the folder cannot be read: ${errnoOf(cause)}`;
    return errnoOf(cause) === 'ENOENT' ? [] : [unreadableApproval(path.basename(folder), fault)];
  }
}

function fileIn(place: string, signers: Signers) {
  const file = path.basename(place);
  try {
    const signed = readApproval(place);
    return { file, statement: signed.statement, ...judged(signed, signers) };
  } catch (cause) {
    if (cause instanceof C1Error) return unreadableApproval(file, `no signed decision: ${cause.seen}`);
    throw cause;
  }
}

function judged(
  signed: SignedApproval,
  signers: Signers,
): { readonly key: string | null; readonly fault: string | null } {
  try {
    const { fingerprint, fault } = signatureOf(signed, signers, operatorKeys(signers, OPERATOR));
    return { key: fingerprint, fault };
  } catch (cause) {
    if (cause instanceof C1Error) return { key: null, fault: `${cause.code}: ${cause.seen}` };
    if (errnoOf(cause) === 'ENOENT') return { key: null, fault: 'HOLD_SIGNERS_MISSING: no allowed_signers here' };
    throw cause;
  }
}
