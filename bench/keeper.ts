import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stopCluster } from '../runtime/cluster.ts';
import { stopExecutor } from '../runtime/executor.ts';
import { statePaths } from '../runtime/paths.ts';
import { SILENT } from '../runtime/reporter.ts';

// Started by lab.ts: waits until the bench is gone, however it went, then ends its server and removes its folder.
const folder = process.argv[2];
if (folder === undefined) throw new TypeError('the folder of a lab is expected');

process.stdin.resume();
await once(process.stdin, 'close');
for (const name of await readdir(join(folder, 'projects')).catch(() => [])) {
  await stopExecutor(statePaths(join(folder, 'projects', name, '.c1')));
}
await stopCluster(statePaths(folder), SILENT);
// Something that the bench had started may still be writing.
await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
