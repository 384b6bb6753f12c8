import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { errnoOf } from '../../runtime/files.ts';
import { PROJECT } from '../engine.ts';

/**
 * A file back end of one's own keeps attributes beside each state file, and so did ours before it was told not to
 * (engine/environment.mjs). An engine that is killed while it writes them leaves an empty file, which no later command
 * can read, although the state itself is whole. Only ever called for a dead owner.
 *
 * @returns whether there was such a file
 */
export async function removeTornAttributes(backend: string, stack: string): Promise<boolean> {
  const file = path.join(fileURLToPath(backend), '.pulumi', 'stacks', PROJECT, `${stack}.json.attrs`);
  if ((await sizeOf(file)) !== 0) return false;
  await rm(file);
  return true;
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw cause;
  }
}
