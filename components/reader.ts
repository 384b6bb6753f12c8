import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Transport } from './transport.ts';

/** A c1-reader that has been started and reads nothing until it is asked. */
export interface Reader {
  /** Where its answer will be, in a folder that the asker makes. */
  readonly file: string;
  /**
   * Asks it, once, and waits until it has ended. Rejects with how it failed.
   *
   * @param request JSON, as `c1-reader snapshot` takes it
   */
  readonly ask: (request: string) => Promise<void>;
  /** Ends one that nobody has asked. */
  readonly dismiss: () => void;
}

export const RUNS_FOLDER = '.c1/runs';

/**
 * Starts a reader by the shell and in the folder that the engine's commands have, but not through the engine: the plugin is
 * still starting then, and would be waited for first (docs/decisions/0024-bin-start.md). This module loads nothing but what
 * Node has, so that the reader starts while the rest of the program still loads.
 */
export function startReader(transport: Transport): Reader {
  const name = `${randomUUID()}.json`;
  const command = transport.call(`c1-reader snapshot --out ../runs/${name}`);
  const ended = promisify(execFile)('/bin/sh', ['-c', command], { cwd: transport.readerFolder });
  // How it failed is for whoever asks.
  ended.catch(() => undefined);
  // A reader that ends before it has read all of its request says why.
  const stdin = ended.child.stdin?.on('error', () => undefined);
  const ask = async (request: string) => {
    stdin?.end(request);
    await ended;
  };
  return { file: join(RUNS_FOLDER, name), ask, dismiss: () => stdin?.destroy() };
}
