// Plain JavaScript for any Node from 18 on, without dependencies: it runs before there are any.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './dependencies.mjs';
import { describe, ensureEngine } from './ensure.mjs';
import { engineEnvironment } from './environment.mjs';
import { exitWith } from './failure.mjs';
import { fittingNode } from './node.mjs';
import { root } from './root.mjs';
import { runAs } from './run-as.mjs';

const HELP = `usage: node engine/bootstrap.mjs [--again] [<file or command> [arguments…]]

Makes everything ready (npm packages, Node, the Pulumi engine), then runs the file (.ts, .mjs, .js) or the command of
node_modules/.bin with its arguments. Without either it only makes everything ready and says what is there.

  --again   decide anew where the engine comes from
  --help    this text
`;

main().catch(exitWith);

async function main() {
  const { again, help, entry, args } = commandLine(process.argv.slice(2));
  if (help) return void process.stdout.write(HELP);
  await ensureDependencies();
  const engine = await ensureEngine({ again });
  if (entry === undefined) return void process.stdout.write(`${describe(engine)}\n`);
  const env = { ...process.env, ...engineEnvironment() };
  const file = resolve(entry);
  const isFile = /\.[cm]?[jt]s$/.test(entry) && existsSync(file);
  if (isFile) runAs(fittingNode(), [file, ...args], env);
  else runAs(resolve(root, 'node_modules/.bin', entry), args, env);
}

// Only what stands before the entry is ours.
function commandLine(argv) {
  const first = argv.findIndex((argument) => !argument.startsWith('-'));
  const own = first === -1 ? argv : argv.slice(0, first);
  const { values } = parseArgs({
    args: own,
    options: { again: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  return { ...values, entry: first === -1 ? undefined : argv[first], args: first === -1 ? [] : argv.slice(first + 1) };
}
