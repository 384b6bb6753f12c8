import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { C1Error } from '../domain/codes.ts';
import { CHECKOUT } from '../runtime/paths.ts';
import { engineFailure, PROJECT, pulumi, pulumiOrThrow } from './engine.ts';

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  inputs: z.record(z.string(), z.unknown()).default({}),
});
export type StackResource = z.infer<typeof resource>;

const pendingOperation = z.looseObject({ type: z.string(), resource });
export type PendingOperation = z.infer<typeof pendingOperation>;

const deployment = z.looseObject({
  resources: z.array(resource).nullish(),
  pending_operations: z.array(pendingOperation).nullish(),
});
/** What `pulumi stack export` prints; whatever else stands in it is kept as it is. */
const exported = z.looseObject({ version: z.number(), deployment });
export type StackExport = z.infer<typeof exported>;

/**
 * The program finds its bins in `.c1` of the checkout (components/transport.ts): a state folder elsewhere would have the
 * engine work on one runtime and us look at another.
 *
 * @throws C1Error ERROR_USAGE
 */
export function assertStateOfProgram(stateDir: string): void {
  const own = path.join(CHECKOUT, '.c1');
  if (stateDir === own || (existsSync(own) && existsSync(stateDir) && realpathSync(own) === realpathSync(stateDir)))
    return;
  throw new C1Error('ERROR_USAGE', {
    seen: `C1_STATE_DIR ${stateDir}`,
    expected: `${own}, where the program looks for its bins`,
    next: 'unset C1_STATE_DIR, or make .c1 a link to that folder',
  });
}

/** Selects the stack, and makes it when there is none. @throws C1Error whatever stops the engine */
export async function selectStack(stack: string): Promise<void> {
  await pulumiOrThrow(['stack', 'select', stack, '--create']);
}

/** The whole state of the stack. @throws C1Error ERROR_STACK_UNKNOWN, ERROR_READ_FAILED, or whatever stops the engine */
export async function exportStack(stack: string): Promise<StackExport> {
  const words = ['stack', 'export', '--stack', stack];
  const { exitCode, stdout, all } = await pulumi(words);
  if (/no stack named/.test(all))
    throw new C1Error('ERROR_STACK_UNKNOWN', { seen: `the stack ${stack}`, expected: 'one that the back end knows' });
  if (exitCode !== 0) throw engineFailure(all, words);
  try {
    return exported.parse(JSON.parse(stdout));
  } catch (cause) {
    const expected = 'version and deployment';
    throw new C1Error('ERROR_READ_FAILED', { seen: `an export of ${stack} of another shape`, expected }, { cause });
  }
}

export async function importStack(stack: string, state: StackExport): Promise<void> {
  await pulumiOrThrow(['stack', 'import', '--stack', stack], { input: JSON.stringify(state) });
}

/** Resources that stand for something: not the stack itself, and no provider. */
export async function appliedResources(stack: string): Promise<readonly StackResource[]> {
  const state = await exportStack(stack);
  return (state.deployment.resources ?? []).filter(({ type }) => !type.startsWith('pulumi:'));
}

/** The same count from the file back end of a state folder, where no engine need be; 0 without such a stack. */
export async function resourcesOnDisk(stateDir: string, stack: string): Promise<number> {
  const file = path.join(stateDir, 'pulumi-state', '.pulumi', 'stacks', PROJECT, `${stack}.json`);
  if (!existsSync(file)) return 0;
  const { checkpoint } = checkpointFile.parse(JSON.parse(await readFile(file, 'utf8')));
  return (checkpoint.latest?.resources ?? []).filter(({ type }) => !type.startsWith('pulumi:')).length;
}

const checkpointFile = z.looseObject({ checkpoint: z.looseObject({ latest: deployment.nullish() }) });
