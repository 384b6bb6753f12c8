import { writeFileSync } from 'node:fs';
import * as pulumi from '@pulumi/pulumi';
import { C1Error } from '../domain/codes.ts';
import { type Planned, programPlanOf } from '../domain/planning/program-plan.ts';

/** Where `c1 plan` wants the plan of this very preview; nobody else sets it. */
const PLAN_FILE = 'C1_PLAN_FILE';

/**
 * Hands the plans to who asked for this preview: a document of them is then of the snapshot that the resources were
 * declared on, and no second plan. Written before the counts are judged, so that every wrong row can be named.
 *
 * @throws C1Error ERROR_STATE_FOLDER
 */
export function handOnPlan(planned: Omit<Planned, 'stack'>): void {
  const file = process.env[PLAN_FILE];
  if (file === undefined || file === '' || !pulumi.runtime.isDryRun()) return;
  const text = JSON.stringify(programPlanOf({ ...planned, stack: pulumi.getStack() }));
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (cause) {
    const seen = cause instanceof Error ? cause.message : String(cause);
    throw new C1Error('ERROR_STATE_FOLDER', { seen, expected: 'a place for the plan' }, { cause });
  }
}
