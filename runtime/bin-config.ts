import path from 'node:path';
import { canonicalJson } from '../domain/canonical.ts';
import { STAGING_LABELS } from '../domain/label.ts';
import { executorFolder } from '../executor/deploy/folder.ts';
import type { Address } from '../executor/deploy/probe.ts';
import { readIfThere, writeIfOther } from './files.ts';
import type { StatePaths } from './paths.ts';
import { HOST } from './server-config.ts';
import { OPERATOR } from './stand-in-keys.ts';

export interface BinConfigTarget {
  readonly paths: StatePaths;
  /** Of PostgreSQL. */
  readonly port: number;
  readonly database: string;
}

/**
 * Everything that a bin needs to find the runtime, beside it. That the executor's address is null says that this runtime
 * maps the name of the endpoint and has no executor yet.
 */
export async function writeBinConfig({ paths, port, database }: BinConfigTarget): Promise<void> {
  const executor = (await executorAddress(paths)) as { readonly host: string; readonly port: number } | null;
  const config = { label: STAGING_LABELS, host: HOST, port, database, operator: OPERATOR, executor };
  const files = [paths.config, path.join(paths.state, 'config', 'runtime.json')];
  await Promise.all(
    files.map((file) =>
      writeIfOther(
        file,
        `${canonicalJson({ ...config, secrets: path.relative(path.dirname(file), paths.secrets) })}\n`,
      ),
    ),
  );
}

/** Where the executor of this state folder listens; null before it was ever brought there. */
export async function executorAddress(paths: StatePaths): Promise<Address | null> {
  const kept = await readIfThere(executorFolder(paths.executor).config);
  return kept === null ? null : (JSON.parse(kept) as { readonly listen: Address }).listen;
}
