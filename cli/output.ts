import type { WriteStream } from 'node:tty';
import pc from 'picocolors';
import { LABEL_LINE, STAGING_LABELS } from '../domain/label.ts';
import type { Reporter } from '../runtime/reporter.ts';

type Colors = ReturnType<typeof pc.createColors>;

/** Colours for a person at a terminal only; NO_COLOR switches them off there too. */
export function colorsFor(stream: Pick<WriteStream, 'isTTY'>): Colors {
  return pc.createColors(stream.isTTY === true && !process.env.NO_COLOR);
}

/** Waits until the line is written, so that nothing is lost in a slow pipe when the process ends. */
export function print(line: string, stream: NodeJS.WritableStream = process.stdout): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(`${line}\n`, (cause) => (cause ? reject(cause) : resolve()));
  });
}

/** What a command says: text for people, one JSON document for programs; both carry the staging label. */
export interface Answer {
  readonly text: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
}

export async function printAnswer(answer: Answer, asJson: boolean): Promise<void> {
  if (asJson) return print(JSON.stringify({ label: STAGING_LABELS, ...answer.json }));
  const { dim } = colorsFor(process.stdout);
  for (const line of answer.text) await print(line);
  await print(dim(LABEL_LINE));
}

/** For commands whose output is a value for another program: the label goes where it does not disturb. */
export function printLabel(): Promise<void> {
  return print(colorsFor(process.stderr).dim(LABEL_LINE), process.stderr);
}

/** Prints what is done as it is done; with `asJson` only what is waited for, on stderr. */
export function terminalReporter(asJson: boolean): Reporter & { readonly done: string[] } {
  const done: string[] = [];
  const { green } = colorsFor(process.stdout);
  return {
    done,
    did: (what) => {
      done.push(what);
      if (!asJson) process.stdout.write(`${green('✓')} ${what}\n`);
    },
    waiting: (what) => process.stderr.write(`… waiting for ${what}\n`),
  };
}

/** The end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}
