import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { BIN_BUNDLE } from '../runtime/bin-build.ts';
import { bundleHeader } from '../runtime/bin-header.ts';
import type { Program } from './project.ts';

/**
 * Puts `bare-client.ts` beside the reader, bundled and started as a bin is (runtime/bin-build.ts): same format, same
 * clean environment, same Node, a compile cache of its own.
 */
export async function installBareBin({ paths }: Program): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'bare-client.ts')],
    ...BIN_BUNDLE,
  });
  const file = join(paths.reader, 'bare-client');
  await writeFile(file, `${bundleHeader('a bench, no DOT')}${outputFiles[0]?.text ?? ''}`);
  await chmod(file, 0o755);
  return file;
}
