import path from 'node:path';
import type { Command } from 'commander';
import { execa } from 'execa';
import { z } from 'zod';
import { C1Error } from '../domain/codes.ts';
import { READER } from '../runtime/bin-build.ts';
import { stateDirOf, statePaths } from '../runtime/paths.ts';
import { engineFailure } from './engine.ts';
import { printAnswer } from './output.ts';

const answer = z.looseObject({
  verdict: z.string(),
  profile: z.string(),
  checked: z.number(),
  facts: z.array(z.object({ what: z.string(), seen: z.string(), expected: z.string() })).min(1),
});

/** `c1 prewrite`: the gate before the first write, asked at any time (steps.md, `PrewriteGate`). */
export function addPrewrite(program: Command): void {
  program
    .command('prewrite')
    .description('ask the runtime for everything that the first write expects; read-only, exit 3 when it is not so')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  $ npx c1 prewrite\n  $ npx c1 prewrite --json | jq .facts')
    .action(async ({ json = false }: { readonly json?: boolean }) => {
      const found = await askReader(stateDirOf(process.env));
      const text = [
        ...found.facts.map(({ what, seen }) => `${what.padEnd(45)} ${seen}`),
        `${found.checked} things checked, profile ${found.profile}`,
        found.verdict,
      ];
      await printAnswer({ text, json: found }, json);
    });
}

/** @throws C1Error the code that the reader stopped with */
async function askReader(stateDir: string): Promise<z.infer<typeof answer>> {
  const reader = path.join(statePaths(stateDir).reader, READER);
  const ended = await execa(reader, ['prewrite'], { reject: false, stdin: 'ignore' });
  if (ended.exitCode === 0) return answer.parse(JSON.parse(ended.stdout));
  if (ended.code === 'ENOENT') {
    throw new C1Error('ERROR_RUNTIME_UNREACHABLE', { seen: 'no c1-reader', expected: 'an installed runtime' });
  }
  throw engineFailure(ended.stderr, ['prewrite']);
}
