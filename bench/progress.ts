import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import { type Lab, openLab } from './lab.ts';
import type { Measurement, Row } from './measurement.ts';
import { isInterrupted } from './process.ts';
import { duration } from './timing.ts';

/** Runs the measurements one after the other on a lab of their own, and shows on standard error how far they are. */
export async function measureAll(chosen: readonly Measurement[], runs: number): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const state: { lab?: Lab } = {};
  const tasks = [
    {
      title: 'A PostgreSQL of its own',
      task: async () => {
        state.lab = await openLab();
      },
    },
    ...chosen.map((measurement) => ({
      title: measurement.title,
      task: async (_: unknown, task: { title: string; output: string }) => {
        const began = Date.now();
        const say = (what: string) => {
          task.output = what;
        };
        rows.push(...(await measured(measurement, state.lab, runs, say)));
        task.title = `${measurement.title}: ${duration(Date.now() - began)}`;
      },
    })),
  ];
  try {
    await new Listr<unknown, 'default' | 'simple'>(tasks, rendering()).run();
  } finally {
    await state.lab?.close();
  }
  return rows;
}

async function measured(
  { name, title, measure }: Measurement,
  lab: Lab | undefined,
  runs: number,
  say: (what: string) => void,
): Promise<readonly Row[]> {
  try {
    if (lab === undefined || isInterrupted()) throw new Error('interrupted');
    return await measure({ lab, runs, say });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return [{ kind: 'not measured', name, compares: title, limit: null, reason }];
  }
}

function rendering() {
  const { isTTY, columns = 0 } = process.stderr;
  const logger = new ListrLogger({ useIcons: true, processOutput: new ProcessOutput(process.stderr, process.stderr) });
  return {
    // A pseudo-terminal without a size would get a column of single letters.
    renderer: isTTY && columns >= 40 ? ('default' as const) : ('simple' as const),
    rendererOptions: { logger },
    // What the bench began has to end first.
    registerSignalListeners: false,
  };
}
