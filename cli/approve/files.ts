import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  type ApprovalStatement,
  type SignedApproval,
  signedApproval,
  statementDigest,
} from '../../domain/approval/statement.ts';
import { canonicalJson, type Json } from '../../domain/canonical.ts';
import { C1Error } from '../../domain/codes.ts';
import { parsePayload } from '../../domain/payloads.ts';
import { parseJsonStrictly } from '../../domain/strict-json.ts';
import { writeAtomic } from '../../runtime/files.ts';
import { CHECKOUT } from '../../runtime/paths.ts';

/** Where decisions are kept, so that they travel by pull request (review.md, "Approval"). */
export function approvalsFolder(stack: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(stack)) return path.join(CHECKOUT, 'approvals', stack);
  throw new C1Error('ERROR_USAGE', { seen: `stack ${JSON.stringify(stack)}`, expected: 'the name of a stack' });
}

/** Relative to the checkout. The same statement has the same name. */
export function fileOf(statement: ApprovalStatement): string {
  const { stack, plan_digest, direction, approver, decision } = statement;
  const digest = statementDigest(statement).slice(0, 8);
  const name = `${plan_digest.slice(0, 12)}-${direction}-${approver}-${decision}-${digest}.json`;
  return path.join(approvalsFolder(stack), name);
}

export async function writeApproval(signed: SignedApproval): Promise<string> {
  const file = fileOf(signed.statement);
  mkdirSync(path.dirname(file), { recursive: true });
  await writeAtomic(file, `${canonicalJson(signed as unknown as Json)}\n`);
  return file;
}

export function discardApproval(file: string): void {
  rmSync(file, { force: true });
}

/** @throws C1Error ERROR_USAGE when it cannot be read; ERROR_PAYLOAD_INVALID when it is no decision */
export function readApproval(file: string): SignedApproval {
  return parsePayload(signedApproval, parseJsonStrictly(bytesOf(file)), path.basename(file));
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const seen = `no readable ${path.basename(file)}`;
    throw new C1Error('ERROR_USAGE', { seen, expected: 'a file that npx c1 approve wrote' }, { cause });
  }
}
