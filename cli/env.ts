import type { Command } from 'commander';
import { engineEnvironment } from '../engine/environment.mjs';
import { readConnection } from '../runtime/connection-file.ts';
import { stateDirOf, statePaths } from '../runtime/paths.ts';
import { print, printLabel } from './output.ts';

/** `c1 env`: what plain `pulumi` needs, for a shell (engine.md). */
export function addEnv(program: Command): void {
  program
    .command('env')
    .description('print the environment that plain pulumi needs, as export lines; no password is in them')
    .addHelpText('after', '\nExamples:\n  $ eval "$(npx c1 env)"')
    .action(async () => {
      const stateDir = stateDirOf(process.env);
      const added = engineEnvironment({ stateDir, base: process.env });
      await printLabel();
      for (const line of await exportLines(stateDir, added)) await print(line);
    });
}

/** A password is read from its file when the line is run, so that none is printed, scrolled back to or logged. */
async function exportLines(stateDir: string, added: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const connection = await readConnection(statePaths(stateDir));
  return Object.entries(added).map(([name, value]) => {
    if (name !== 'PGPASSWORD' || connection === null) return `export ${name}=${quote(value)}`;
    return `export ${name}="$(cat ${quote(`${statePaths(stateDir).state}/${connection.readerPasswordFile}`)})"`;
  });
}

function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
