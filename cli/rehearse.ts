import { type Command, Option } from 'commander';
import { REHEARSED_STEPS, type RehearsedStep } from '../domain/rehearsal.ts';
import { stateDirOf } from '../runtime/paths.ts';
import { rehearse } from '../runtime/rehearsal/rehearse.ts';
import { examples, printAnswer, terminalReporter } from './output.ts';

/** `c1 rehearse`: H3 or H6 at any time, in a runtime of its own (steps.md). */
export function addRehearse(program: Command): void {
  program
    .command('rehearse')
    .description('try handler and issuer in a disposable runtime; exit 3 when a fixture is answered otherwise')
    .addOption(
      new Option('--step <step>', 'H3: every refusal and one mint; H6: the dry runs')
        .choices(REHEARSED_STEPS)
        .makeOptionMandatory(),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('npx c1 rehearse --step H3', 'npx c1 rehearse --step H6 --json'))
    .action(async ({ step, json = false }: { readonly step: RehearsedStep; readonly json?: boolean }) => {
      const done = await rehearse({ stateDir: stateDirOf(process.env), step, report: terminalReporter(json) });
      const text = [`${step}: ${done.fixtures} fixtures, each answered as it must be; nothing of them is left`];
      await printAnswer({ text, json: { ...done } }, json);
    });
}
