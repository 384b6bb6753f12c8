import { local } from '@pulumi/command';
import type { GetSchemasResult } from '@pulumi/postgresql';
import { getSchemas } from '@pulumi/postgresql/getSchemas.js';
import { type GetTablesResult, getTables } from '@pulumi/postgresql/getTables.js';
import { C1_SCHEMA } from '../domain/objects.ts';

/** What @pulumi/postgresql sees of the catalogue. */
export type LookUps = readonly [GetSchemasResult, GetTablesResult];

/** Where the look-ups go; they take host, port and login from the same environment (PGHOST …). */
const DATABASE = process.env.PGDATABASE ?? 'directus';

/**
 * Begins to look at the catalogue through @pulumi/postgresql, which knows nothing of our snapshot. A failure is kept for
 * whoever awaits it: a program that stops for another reason says that one.
 *
 * @param after what the engine is to start before this plugin
 */
export function lookUp(after: Promise<void>): Promise<LookUps> {
  const found = after.then(() =>
    Promise.all([
      getSchemas({ database: DATABASE, includeSystemSchemas: false }),
      getTables({ database: DATABASE, schemas: [C1_SCHEMA] }),
    ]),
  );
  found.catch(() => {});
  return found;
}

/**
 * Has the engine start the command plugin while the rest of the program loads. `true` reads and writes nothing; whether the plugin can be used is for the first real call to find out.
 */
export async function startCommandPlugin(): Promise<void> {
  await local.run({ command: 'true', logging: local.Logging.None }).catch(() => {});
}
