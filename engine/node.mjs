import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setupFailure } from './failure.mjs';
import { isAtLeast, pins } from './pins.mjs';
import { root } from './root.mjs';

/** The Node that runs everything but the bootstrap: the one that runs now where it fits, else the one from npm. */
export function fittingNode() {
  if (isAtLeast(process.version, pins.nodeAtLeast)) return process.execPath;
  const fromNpm = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(fromNpm)) return fromNpm;
  throw setupFailure({
    seen: `Node ${process.version} and no node_modules/node`,
    expected: `Node ${pins.nodeAtLeast.join('.')} or newer`,
    next: 'npm run setup',
  });
}
