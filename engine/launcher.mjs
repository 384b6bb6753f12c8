// What `npx pulumi …` runs: plain pulumi, in the environment that this program needs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { engineEnvironment } from './environment.mjs';
import { exitWith, setupFailure } from './failure.mjs';
import { stateFolder } from './root.mjs';
import { runAs } from './run-as.mjs';
import { removeNewSalts, unsaltedStackFiles } from './stack-file.mjs';
import { refuseOtherProject, stackRequest, staleLock, unknownStack } from './stacks.mjs';

try {
  main(process.argv.slice(2));
} catch (error) {
  exitWith(error);
}

function main(argv) {
  if (isInstallScript(argv)) return;
  const cli = join(stateFolder(), 'pulumi', 'bin', 'pulumi');
  if (!existsSync(cli)) {
    throw setupFailure({ seen: 'no pulumi CLI in the state folder', expected: 'one', next: 'npm run setup' });
  }
  const env = { ...process.env, ...engineEnvironment() };
  const request = stackRequest(argv, env);
  refuseOtherProject(request);
  const missing = unknownStack(request, env);
  const locked = staleLock(request, env);
  if (locked !== undefined) process.stderr.write(`${locked.message}\n`);
  const unsalted = unsaltedStackFiles(request.projectFile);
  process.on('exit', () => removeNewSalts(unsalted));
  if (missing === undefined && unsalted.length === 0) become(cli, argv, env);
  else runAs(cli, argv, env, () => process.stderr.write(missing === undefined ? '' : `${missing.message}\n`));
}

// Where this Node can, the CLI takes our place: one process less, and signals need no hand on.
function become(cli, argv, env) {
  if (typeof process.execve === 'function') process.execve(cli, ['pulumi', ...argv], env);
  runAs(cli, argv, env);
}

// npm runs `pulumi plugin install` for @pulumi/command before there is an engine; the setup sees to the plugins.
function isInstallScript([first, second]) {
  return process.env.npm_lifecycle_event === 'install' && first === 'plugin' && second === 'install';
}
