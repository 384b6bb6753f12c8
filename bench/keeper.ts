import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { stopCluster } from '../runtime/cluster.ts';
import { statePaths } from '../runtime/paths.ts';
import { SILENT } from '../runtime/reporter.ts';

// Started by lab.ts: waits until the bench is gone, however it went, then ends its server and removes its folder.
const folder = process.argv[2];
if (folder === undefined) throw new TypeError('the folder of a lab is expected');

process.stdin.resume();
await once(process.stdin, 'close');
await stopCluster(statePaths(folder), SILENT);
// Something that the bench had started may still be writing.
await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
