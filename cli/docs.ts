import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';

/** Pages that are printed from the code, so that they cannot say something else than it. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  // Only this command needs them: `c1` itself starts without.
  const [
    { readPayloadFiles, readPlannedDeltas },
    { LAST_STEP, stepsThrough },
    { blankBuild },
    { codesPage },
    { stepsPage },
  ] = await Promise.all([
    import('../components/input-files.ts'),
    import('../domain/program.ts'),
    import('../domain/release.ts'),
    import('./docs/codes-page.ts'),
    import('./docs/steps-page.ts'),
  ]);
  const steps = stepsThrough(LAST_STEP, { ...readPayloadFiles('payloads'), ...blankBuild() });
  return new Map([
    ['docs/codes.md', codesPage()],
    ['docs/steps.md', stepsPage(steps, await readPlannedDeltas('planned-deltas.yaml'))],
  ]);
}

export function addDocs(program: Command): void {
  program
    .command('docs')
    .description('print docs/codes.md and docs/steps.md from the code (for developers of this project)')
    .option('--check', 'write nothing; exit 1 when a page differs')
    .addHelpText('after', '\nExamples:\n  $ npx c1 docs\n  $ npx c1 docs --check')
    .action(async ({ check }: { readonly check?: boolean }) => {
      for (const [file, text] of await generatedPages()) await refresh(file, text, check === true);
    });
}

async function refresh(file: string, text: string, check: boolean): Promise<void> {
  const same = (await readFile(file, 'utf8').catch(() => '')) === text;
  if (!same && !check) await writeFile(file, text);
  if (!same && check) process.exitCode = 1;
  process.stdout.write(`${same ? 'same' : check ? 'differs' : 'written'} ${file}\n`);
}
