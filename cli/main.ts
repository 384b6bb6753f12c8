#!/usr/bin/env node
import { readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { CHECKOUT } from '../runtime/paths.ts';
import { addApply } from './apply.ts';
import { addApprovals } from './approvals.ts';
import { addApprove } from './approve.ts';
import { addApr } from './apr.ts';
import { addDocs } from './docs.ts';
import { addDrift } from './drift.ts';
import { addDryRun } from './dry-run.ts';
import { addEnv } from './env.ts';
import { addEvidence } from './evidence.ts';
import { reportFailure } from './failure.ts';
import { addPlan } from './plan.ts';
import { addPrewrite } from './prewrite.ts';
import { addRecover } from './recover.ts';
import { addRehearse } from './rehearse.ts';
import { addRetire } from './retire.ts';
import { addReview } from './review.ts';
import { addReviewPacket } from './review-packet.ts';
import { addRuntime } from './runtime.ts';

/** Every subcommand of `c1`; a new one is one more line. */
const COMMANDS: readonly ((program: Command) => void)[] = [
  addRuntime,
  addApr,
  addPrewrite,
  addRehearse,
  addPlan,
  addDrift,
  addApprove,
  addApprovals,
  addApply,
  addRetire,
  addReview,
  addEvidence,
  addDryRun,
  addReviewPacket,
  addRecover,
  addEnv,
  addDocs,
];

/** The command line `c1`. */
export function program(): Command {
  const root = new Command('c1')
    .description('Works on the C1 target state: the embedded runtime, and what surrounds plain pulumi.')
    .version(version())
    .option('--debug', 'print the stack trace of a failure')
    .addHelpText('after', '\nExamples:\n  $ npx c1 runtime start\n  $ npx c1 prewrite\n  $ npx c1 apr list')
    .showSuggestionAfterError()
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
  for (const add of COMMANDS) add(root);
  return root;
}

/** Runs `c1` with the words after its name; gives the exit status. */
export async function main(words: readonly string[]): Promise<number> {
  const root = program();
  try {
    if (words.length === 0) root.help();
    await root.parseAsync(words, { from: 'user' });
    // A command that only compares has its own word for "another one".
    return Number(process.exitCode ?? 0);
  } catch (thrown) {
    return reportFailure(thrown, words.includes('--debug'));
  }
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(path.join(CHECKOUT, 'package.json'), 'utf8')) as {
    version: string;
  };
  return text;
}

/** A reader that stops early, such as `head`, is no failure. */
function ignoreClosedPipe(cause: NodeJS.ErrnoException): void {
  if (cause.code !== 'EPIPE') throw cause;
  process.exit(0);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  process.stdout.on('error', ignoreClosedPipe);
  process.exitCode = await main(process.argv.slice(2));
}
