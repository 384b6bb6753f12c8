import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { enterDecision } from '../../cli/approve/enter.ts';
import { type SignOrder, signDecision } from '../../cli/approve/sign.ts';
import type { SignedApproval } from '../../domain/approval/statement.ts';
import type { PlanDocument } from '../../domain/planning/document.ts';
import { planDocumentOf, programPlanIn } from '../../review/plan/document.ts';
import { VOTER_LOGINS } from '../../runtime/roles.ts';
import type { TestProject } from './project.ts';

/** What the program plans now, as a document; of the sources nothing but the program's own part. */
export async function planOf(project: TestProject): Promise<PlanDocument> {
  const file = join(project.folder, `plan-${randomUUID()}.json`);
  const { exitCode, all } = await project.pulumiWith({ C1_PLAN_FILE: file }, 'preview');
  if (exitCode !== 0) throw new Error(all);
  const program = programPlanIn(await readFile(file));
  return planDocumentOf({ program, source: { digest: '0'.repeat(64), files: 1 }, versions: {}, resources: [] });
}

export type Decides = Partial<Omit<SignOrder, 'plan'>>;

/** A decision of a stand-in, signed and not entered. */
export function signed({ runtime }: TestProject, plan: PlanDocument, decides: Decides = {}): SignedApproval {
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  const order = { approver: VOTER_LOGINS[0], decision: 'approve' as const, steps: null, keyFile: null };
  return signDecision(runtime.paths, { ...order, expires_at, plan, ...decides });
}

export async function decide(project: TestProject, plan: PlanDocument, decides: Decides = {}): Promise<void> {
  await enterDecision(project.runtime.stateDir, signed(project, plan, decides));
}

/** Both stand-ins approve. */
export async function approvePlan(project: TestProject, plan: PlanDocument, decides: Decides = {}): Promise<void> {
  for (const approver of VOTER_LOGINS) await decide(project, plan, { ...decides, approver });
}
