import { realpathSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import { failureOf } from '../../domain/failure.ts';
import { LABEL_LINE } from '../../domain/label.ts';
import { parsePayload } from '../../domain/payloads.ts';
import { REHEARSED_STEPS, type RehearsedStep } from '../../domain/rehearsal.ts';
import { readStandardInput } from '../../dots/kernel/standard-input.ts';
import { rehearse } from './rehearse.ts';

/**
 * The rehearsal of H3 and H6 as the program runs it, beside c1-reader: no DOT, never staged. `npx c1 rehearse` is the same
 * for people.
 */
const digest = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const request = z.optional(z.strictObject({ handler: digest, issuer: digest, fixtures: digest }));

const REPORT = {
  did: () => undefined,
  waiting: (what: string) => void process.stderr.write(`… waiting for ${what}\n`),
};

function main(): void {
  const command = new Command('c1-rehearse')
    .description(`Rehearses a step in a disposable runtime, which is gone afterwards. Embedded runtime: ${LABEL_LINE}.`)
    .addOption(new Option('--step <step>', 'which step').choices(REHEARSED_STEPS).makeOptionMandatory())
    .addHelpText('after', '\nExamples:\n  $ ./c1-rehearse --step H3\n  $ ./c1-rehearse --step H6')
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action(({ step }: { readonly step: RehearsedStep }) => {
      perform(step).then((done) => process.stdout.write(`${JSON.stringify(done)}\n`), fail);
    });
  try {
    command.parse();
  } catch (error) {
    fail(error);
  }
}

async function perform(step: RehearsedStep): Promise<object> {
  const stateDir = path.dirname(path.dirname(realpathSync(process.argv[1] ?? '')));
  const asked = parsePayload(request, await readStandardInput(), 'request');
  return rehearse({ stateDir, step, report: REPORT, ...(asked === undefined ? {} : { asked }) });
}

function fail(error: unknown): void {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const failure = failureOf(error instanceof CommanderError ? usage(error) : error);
  process.stderr.write(`${failure.message}\n`);
  process.exitCode = failure.exitCode;
}

function usage({ message }: CommanderError): C1Error {
  return new C1Error('ERROR_USAGE', { seen: message.replace(/^error: /, ''), expected: 'the flags of --help' });
}

main();
