import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { Chapter, Story } from './story.ts';

export interface Told {
  readonly title: string;
  readonly result: string;
  readonly seconds: number;
}

/** Where the telling is, so that a failure can name its chapter. */
export interface Progress {
  current: string;
  readonly told: Told[];
}

/**
 * Runs the chapters one after the other and shows how far it is on standard error: as a live list at a terminal, else as
 * plain lines. Standard output stays free for the answer.
 */
export async function tell(chapters: readonly Chapter[], story: Story, progress: Progress): Promise<void> {
  const tasks = chapters.map((chapter) => ({
    title: chapter.title,
    task: async (_: unknown, task: { title: string; output: string }) => {
      progress.current = chapter.title;
      const began = Date.now();
      const result = await chapter.tell(story, (what) => {
        task.output = what;
      });
      progress.told.push({ title: chapter.title, result, seconds: secondsSince(began) });
      task.title = `${chapter.title}: ${result}`;
    },
  }));
  const logger = new ListrLogger({ useIcons: true, processOutput: new ProcessOutput(process.stderr, process.stderr) });
  await new Listr<unknown, 'default' | 'simple'>(tasks, {
    renderer: isWideTerminal(process.stderr) ? 'default' : 'simple',
    rendererOptions: { logger, showErrorMessage: false, collapseErrors: false },
    // The demo listens for signals itself: what the engine began has to end first.
    registerSignalListeners: false,
  }).run();
}

/** A pseudo-terminal without a size would get a column of single letters. */
function isWideTerminal({ isTTY, columns = 0 }: NodeJS.WriteStream): boolean {
  return isTTY && columns >= 40;
}

export function secondsSince(began: number): number {
  return Math.round((Date.now() - began) / 100) / 10;
}
