import { z } from 'zod';
import { C1Error } from '../domain/codes.ts';
import { LIVE } from './databases.ts';
import { inStateFolder, readIfThere, writeAtomic } from './files.ts';
import { type StatePaths, statePaths } from './paths.ts';
import { HOST } from './server-config.ts';

export const DEFAULT_READER = 'auditor_ro';

const connectionSchema = z.object({
  host: z.string(),
  port: z.number().int().min(1).max(65_535),
  database: z.string(),
  reader: z.string(),
  /** Relative to the state folder. */
  readerPasswordFile: z.string(),
});

export type Connection = z.infer<typeof connectionSchema>;

/** What the last start wrote; null before the first one. @throws C1Error ERROR_STATE_FOLDER when it is not readable JSON */
export async function readConnection(paths: StatePaths): Promise<Connection | null> {
  const text = await inStateFolder(paths.state, () => readIfThere(paths.connection));
  if (text === null) return null;
  try {
    return connectionSchema.parse(JSON.parse(text));
  } catch (cause) {
    const expected = `host, port, database and reader in ${paths.connection}`;
    const next = 'remove that file, and npx c1 runtime start';
    throw new C1Error('ERROR_STATE_FOLDER', { seen: 'something else', expected, next }, { cause });
  }
}

/** Keeps the port, and tells launcher and program where the runtime is. */
export async function writeConnection(paths: StatePaths, port: number, database: string = LIVE): Promise<void> {
  const connection: Connection = {
    host: HOST,
    port,
    database,
    reader: DEFAULT_READER,
    readerPasswordFile: `secrets/${DEFAULT_READER}`,
  };
  const text = `${JSON.stringify(connection, null, 2)}\n`;
  if ((await readIfThere(paths.connection)) !== text) await writeAtomic(paths.connection, text);
}

/** Where the runtime of this folder answers. @throws C1Error ERROR_RUNTIME_UNREACHABLE when it was never started */
export async function connectionOf(stateDir: string): Promise<{ readonly port: number; readonly database: string }> {
  const found = await readConnection(statePaths(stateDir));
  if (found !== null) return found;
  throw new C1Error('ERROR_RUNTIME_UNREACHABLE', {
    seen: `no connection.json in ${stateDir}`,
    expected: 'a runtime that was started once',
  });
}
