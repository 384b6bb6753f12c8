import { Command, CommanderError } from 'commander';
import { deltaTable } from '../components/report.ts';
import { C1Error } from '../domain/codes.ts';
import { LABEL_LINE } from '../domain/label.ts';
import { stateDirOf } from '../runtime/paths.ts';
import { SILENT } from '../runtime/reporter.ts';
import { stopRuntime } from '../runtime/runtime.ts';
import { discardApprovals } from './demo/ceremony.ts';
import { type Ending, endingJson, failureLines, summaryLines } from './demo/report.ts';
import { AFTER_PREVIEW, KEEP, type Story, TIDY_UP, UNTIL_PREVIEW } from './demo/story.ts';
import { type Progress, secondsSince, tell } from './demo/tell.ts';
import { asC1Error, reportFailure } from './failure.ts';
import { colorsFor, print } from './output.ts';

interface Flags {
  readonly keep?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  $ npm run demo
  $ npm run demo -- --keep          applies again at the end, and leaves it for a look
  $ npm --silent run demo -- --json | jq .counters

It works on the stack dryrun and the embedded runtime of this checkout, and stops where the stack holds resources.
Exit status: 0 all proven, 1 error, 3 HOLD, 4 REJECT, 64 usage.

${LABEL_LINE}`;

/** `npm run demo`: the main job once through, on real parts. Gives the exit status. */
async function main(words: readonly string[]): Promise<number> {
  const command = new Command('npm run demo --')
    .description('Previews, applies, reads back and retires the C1 steps on the embedded runtime.')
    .option('--keep', 'apply once more, compare with the first time, and leave it applied')
    .option('--json', 'print one JSON document on standard output; progress goes to standard error')
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
  try {
    command.parse(words, { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) return reportFailure(thrown, false);
    throw thrown;
  }
  const flags = command.opts<Flags>();
  const ending = await run(flags.keep === true);
  await show(ending, flags.json === true);
  return ending.failure?.error.exitCode ?? 0;
}

async function run(keep: boolean): Promise<Ending> {
  const began = Date.now();
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort());
  const story: Story = {
    stateDir: stateDirOf(process.env),
    signal: interruption.signal,
    startedHere: false,
    approvals: [],
  };
  const progress: Progress = { current: '', told: [] };
  const end = { story, told: progress.told };
  try {
    await tell(UNTIL_PREVIEW, story, progress);
    await printPlan(story);
    await tell([...AFTER_PREVIEW, keep ? KEEP : TIDY_UP], story, progress);
    return { ...end, seconds: secondsSince(began), kept: keep, failure: null };
  } catch (thrown) {
    const error = interruption.signal.aborted ? interrupted(progress.current) : asC1Error(thrown);
    discardApprovals(story.approvals);
    const kept = await leave(story);
    return { ...end, seconds: secondsSince(began), kept, failure: { chapter: progress.current, error } };
  }
}

function interrupted(chapter: string): C1Error {
  return new C1Error('HOLD_INTERRUPTED', { seen: `a signal during "${chapter}"`, expected: 'its end' });
}

/** After a failure: what was applied has to stay, with its runtime; a runtime of ours with nothing in it has not. */
async function leave(story: Story): Promise<boolean> {
  if (story.plan !== undefined || !story.startedHere) return true;
  await stopRuntime(story.stateDir, SILENT).catch(() => undefined);
  return false;
}

/** On standard error, as all progress: standard output has the one answer. */
async function printPlan({ applying }: Story): Promise<void> {
  if (applying === undefined) return;
  const table = deltaTable(applying.totals, { counters: applying.prestate });
  for (const line of table.split('\n')) await print(`  ${line}`, process.stderr);
}

async function show(ending: Ending, asJson: boolean): Promise<void> {
  if (asJson) return print(JSON.stringify(endingJson(ending)));
  const stream = ending.failure === null ? process.stdout : process.stderr;
  const lines = ending.failure === null ? summaryLines(ending) : failureLines(ending);
  for (const line of lines) await print(line, stream);
  await print(colorsFor(stream).dim(LABEL_LINE), stream);
}

process.exitCode = await main(process.argv.slice(2));
