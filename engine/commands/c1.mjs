#!/usr/bin/env node
// `npx c1` on whatever Node there is: the command itself is TypeScript and needs one that strips types.
import { join } from 'node:path';
import { exitWith } from '../failure.mjs';
import { fittingNode } from '../node.mjs';
import { root, stateFolder } from '../root.mjs';
import { runAs } from '../run-as.mjs';

try {
  const env = { NODE_COMPILE_CACHE: join(stateFolder(), 'cache', 'node'), ...process.env };
  runAs(fittingNode(), [join(root, 'cli', 'main.ts'), ...process.argv.slice(2)], env);
} catch (error) {
  exitWith(error);
}
