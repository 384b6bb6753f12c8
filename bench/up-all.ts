import type { Interlude } from './interludes.ts';
import { lastLines, run } from './process.ts';
import type { Program } from './project.ts';

/**
 * `pulumi up` of everything, from whatever is there; where it stops for a person, that is done and it goes on. Without its
 * preview, as the runbooks have none either.
 */
export async function upAll(program: Program, interludes: readonly Interlude[]): Promise<void> {
  let waiting = interludes;
  for (;;) {
    const { exitCode, all } = await program.pulumi(['up', '--yes', '--skip-preview']);
    if (exitCode === 0) return;
    const due = waiting.find(({ hold }) => all.includes(hold));
    if (due === undefined) throw new Error(`exit status ${exitCode} of pulumi up: ${lastLines(all)}`);
    waiting = waiting.filter((interlude) => interlude !== due);
    for (const { folder, line, stdin } of due.commands) {
      const input = stdin === null ? {} : { input: stdin };
      const ended = await run('/bin/sh', ['-c', line], { cwd: `${program.folder}/${folder}`, ...input });
      if (ended.exitCode !== 0) throw new Error(`exit status ${ended.exitCode} of ${line}: ${lastLines(ended.all)}`);
    }
  }
}
