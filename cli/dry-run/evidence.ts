import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { C1Error } from '../../domain/codes.ts';
import type { VerifyKey } from '../../domain/evidence/keys.ts';
import { EVIDENCE_FOLDER } from '../../domain/evidence/record.ts';
import { signersHere } from '../../dots/evidence/package.ts';
import { stackStateOf } from '../../review/evidence/stack-state.ts';
import { type Verification, verifyPackage } from '../../review/evidence/verify.ts';
import type { StatePaths } from '../../runtime/paths.ts';
import { exportStack } from '../stack.ts';

/** Where W9 leaves the package of a stack. */
export function evidenceFolder({ state }: StatePaths, stack: string): string {
  return join(state, EVIDENCE_FOLDER, stack);
}

/**
 * The evidence of a stack that can be signed for: whole, by an allowed key, and as new as the stack's state.
 *
 * @param keys whose signature is taken; those of the runtime's list where nobody says
 * @throws C1Error HOLD_EVIDENCE_MISSING where W9 wrote none; as `verifyPackage`; ERROR_STACK_UNKNOWN and whatever stops the engine
 */
export async function currentEvidence(
  paths: StatePaths,
  stack: string,
  keys?: readonly VerifyKey[],
): Promise<Verification> {
  const exported = await exportStack(stack);
  const folder = evidenceFolder(paths, stack);
  if (!existsSync(folder) || (exported.deployment.resources ?? []).length === 0) {
    const seen = `no evidence of stack ${stack}`;
    throw new C1Error('HOLD_EVIDENCE_MISSING', { seen, expected: 'a stack that is applied through W9' });
  }
  const state = stackStateOf(Buffer.from(JSON.stringify(exported)));
  return verifyPackage(folder, { keys: keys ?? signersHere(paths.secrets), stack, state });
}
