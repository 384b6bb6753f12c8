import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { BIN_BUNDLE } from '../runtime/bin-build.ts';
import { NODE_FLAGS } from '../runtime/bin-header.ts';
import type { Program } from './project.ts';

/** A clean environment, Node and flags as a bin has them, and Node's own compile cache, which is what anybody has. */
const HEADER = `#!/bin/sh
':' //; exec /usr/bin/env -i PATH=/usr/bin:/bin NODE_COMPILE_CACHE="\${0%/*}/../cache/bare" "\${0%/*}/../lib/node" ${NODE_FLAGS} "$0" "$@"
`;

/** Puts `bare-client.ts` beside the reader, bundled as a bin is (runtime/bin-build.ts). */
export async function installBareBin({ paths }: Program): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'bare-client.ts')],
    ...BIN_BUNDLE,
  });
  const file = join(paths.reader, 'bare-client');
  await writeFile(file, `${HEADER}${outputFiles[0]?.text ?? ''}`);
  await chmod(file, 0o755);
  return file;
}
