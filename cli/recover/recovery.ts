import { C1Error, type Code } from '../../domain/codes.ts';
import { engineEnvironment } from '../../engine/environment.mjs';
import { pulumiOrThrow } from '../engine.ts';
import { exportStack, importStack } from '../stack.ts';
import { removeTornAttributes } from './attributes.ts';
import { assertDead, type Lock, readLocks } from './locks.ts';
import { type Judged, judge } from './pending.ts';

export interface Recovery {
  readonly code: Code;
  readonly stack: string;
  readonly dryRun: boolean;
  /** Locks of engines that are gone; null where the back end does not show them. */
  readonly locks: readonly Lock[] | null;
  readonly pending: readonly Judged[];
}

/**
 * Clears what a killed engine left on a stack: its lock, and the operations that it had begun.
 *
 * @throws C1Error HOLD_ENGINE_ALIVE; HOLD_RECOVER_BY_HAND for a pending operation that nobody can judge, or a back end
 * whose lock cannot be seen; ERROR_RUNTIME_UNREACHABLE; ERROR_STACK_UNKNOWN
 */
export async function recover(stateDir: string, stack: string, dryRun: boolean): Promise<Recovery> {
  const backend = engineEnvironment({ stateDir, base: process.env }).PULUMI_BACKEND_URL ?? '';
  const locks = await readLocks(backend, stack);
  for (const lock of locks ?? []) await assertDead(lock);
  if (!dryRun && locks !== null && locks.length > 0) await removeTornAttributes(backend, stack);
  const state = await exportStack(stack);
  const pending = await judge(stateDir, state.deployment.pending_operations ?? []);
  const found = { stack, dryRun, locks, pending };
  if ((locks ?? []).length === 0 && pending.length === 0) return { ...found, code: 'NOOP_NOTHING_TO_RECOVER' };
  if (dryRun) return { ...found, code: 'OK_PLANNED' };
  if (locks === null) throw byHand(stack, pending, `a lock that ${backend.split(':')[0]} keeps to itself`);
  if (locks.length > 0) await pulumiOrThrow(['cancel', '--yes', '--stack', stack]);
  // An import drops every pending operation, so it is for a state whose operations are all judged.
  const unknown = pending.filter(({ outcome }) => outcome === 'unknown');
  if (unknown.length > 0) throw byHand(stack, unknown, 'an outcome that no journal knows');
  if (pending.length > 0)
    await importStack(stack, { ...state, deployment: { ...state.deployment, pending_operations: [] } });
  return { ...found, code: 'OK_RECOVERED' };
}

function byHand(stack: string, pending: readonly Judged[], why: string): C1Error {
  const operations = pending.map(({ operation, resource, outcome }) => `${operation.type} ${resource} (${outcome})`);
  return new C1Error('HOLD_RECOVER_BY_HAND', {
    seen: `${operations.join(', ')} and ${why}`,
    expected: 'a lock and outcomes that can be looked up',
    next: `npx pulumi refresh --clear-pending-creates --stack ${stack} once the engine is known to be dead`,
  });
}
