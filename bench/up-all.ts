import { lastLines } from './process.ts';
import type { Program } from './project.ts';
import { timed } from './timing.ts';

/**
 * One `pulumi up` of everything that was approved. Without its preview, as the runbooks have none either.
 *
 * @returns milliseconds
 */
export function upAll(program: Program): Promise<number> {
  return timed(async () => {
    const { exitCode, all } = await program.pulumi(['up', '--yes', '--skip-preview']);
    if (exitCode !== 0) throw new Error(`exit status ${exitCode} of pulumi up: ${lastLines(all)}`);
  });
}
