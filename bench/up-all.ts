import { type Interlude, perform } from './interludes.ts';
import { lastLines } from './process.ts';
import type { Program } from './project.ts';

/**
 * One `pulumi up` of everything, from whatever is there; where it stops for a person, that is done and it goes on. Without
 * its preview, as the runbooks have none either.
 *
 * @returns milliseconds that pulumi took, all its starts together
 */
export async function upAll(program: Program, interludes: readonly Interlude[]): Promise<number> {
  let waiting = interludes;
  let milliseconds = 0;
  for (;;) {
    const began = performance.now();
    const { exitCode, all } = await program.pulumi(['up', '--yes', '--skip-preview']);
    milliseconds += performance.now() - began;
    if (exitCode === 0) return milliseconds;
    const due = waiting.find(({ hold }) => all.includes(hold));
    if (due === undefined) throw new Error(`exit status ${exitCode} of pulumi up: ${lastLines(all)}`);
    waiting = waiting.filter((interlude) => interlude !== due);
    await perform(program.folder, due);
  }
}
