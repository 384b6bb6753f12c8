import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { enterDecision } from '../cli/approve/enter.ts';
import { signDecision } from '../cli/approve/sign.ts';
import type { PlanDocument } from '../domain/planning/document.ts';
import { planDocumentOf, programPlanIn } from '../review/plan/document.ts';
import { VOTER_LOGINS } from '../runtime/roles.ts';
import { lastLines, run } from './process.ts';
import type { Program } from './project.ts';

const HOUR_MS = 3_600_000;

/** What the program plans on a runtime that was never used; of the sources nothing but the program's own part. */
export async function planOf({ folder, paths, env }: Program): Promise<PlanDocument> {
  const file = join(folder, `plan-${randomUUID()}.json`);
  const pulumi = join(paths.state, 'pulumi', 'bin', 'pulumi');
  const words = ['preview', '--non-interactive', '--color=never'];
  const { exitCode, all } = await run(pulumi, words, { cwd: folder, env: { ...env, C1_PLAN_FILE: file } });
  if (exitCode !== 0) throw new Error(`exit status ${exitCode} of pulumi preview: ${lastLines(all)}`);
  const program = programPlanIn(await readFile(file));
  await rm(file);
  return planDocumentOf({ program, source: { digest: '0'.repeat(64), files: 1 }, versions: {}, resources: [] });
}

/**
 * What people do before anything can be applied, for pulumi, bash and Ansible alike: both stand-in owners approve the plan,
 * with the votes on what it asks for. It is nobody's time.
 */
export async function approveAll(program: Program, plan: PlanDocument): Promise<void> {
  const target = { ...plan.target, ...(await targetOf(program)) };
  const expires_at = new Date(Date.now() + HOUR_MS).toISOString();
  for (const approver of VOTER_LOGINS) {
    const order = { approver, decision: 'approve' as const, steps: null, keyFile: null, expires_at };
    await enterDecision(program.paths.state, signDecision(program.paths, { ...order, plan: { ...plan, target } }));
  }
}

/** Each side has a database of its own. */
function targetOf({ superuser }: Program): Promise<{ readonly system: string; readonly database: string }> {
  return superuser(async (client) => {
    const { rows } = await client.query<{ target: { system: string; database: string } }>(
      `select iu_core.read_state_of_rows() -> 'target' as target`,
    );
    const [row] = rows;
    if (row === undefined) throw new TypeError('no row from a select without from');
    return row.target;
  });
}
