import { realpathSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import * as z from 'zod/mini';
import { LABEL_LINE } from '../../domain/label.ts';
import { parsePayload } from '../../domain/payloads.ts';
import { REHEARSED_STEPS, type RehearsedStep } from '../../domain/rehearsal.ts';
import { perform, runProgram } from '../../dots/kernel/program.ts';
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
    .action(({ step }: { readonly step: RehearsedStep }) => perform(() => rehearseStep(step)));
  runProgram(command, 'the flags of --help');
}

async function rehearseStep(step: RehearsedStep): Promise<object> {
  const stateDir = path.dirname(path.dirname(realpathSync(process.argv[1] ?? '')));
  const asked = parsePayload(request, await readStandardInput(), 'request');
  return rehearse({ stateDir, step, report: REPORT, ...(asked === undefined ? {} : { asked }) });
}

main();
