import type { Command } from 'commander';
import { C1Error } from '../domain/codes.ts';
import { counted, isSettled, operationsText, summaryOf } from '../review/plan/summary.ts';
import { stateDirOf } from '../runtime/paths.ts';
import { STACK } from './engine.ts';
import { examples, printAnswer } from './output.ts';
import { agreedPlan } from './plan/given.ts';
import { assertStateOfProgram } from './stack.ts';

/** `c1 drift`: whether a stack that was applied still is what it declares (review.md, "After up"). */
export function addDrift(program: Command): void {
  program
    .command('drift')
    .description('ask whether the runtime still is what the program declares; writes nothing, and exits with the code')
    .option('--stack <name>', 'the stack', STACK)
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('npx c1 drift', 'npx c1 drift --json'))
    .action(async ({ stack, json = false }: { readonly stack: string; readonly json?: boolean }) => {
      const stateDir = stateDirOf(process.env);
      assertStateOfProgram(stateDir);
      const document = await agreedPlan(stateDir, stack);
      const { code, verdict, rows, operations } = summaryOf(document, [], stack);
      if (!isSettled(document)) {
        throw new C1Error('HOLD_NOT_SETTLED', {
          seen: `${counted(rows, 'row change')} to come; resources: ${operationsText(operations)}`,
          expected: 'nothing to do',
        });
      }
      const surfaces = Object.keys(document.prestate).length;
      const checked = document.resources.length + Object.keys(document.bins).length + surfaces;
      const text = [
        `${document.resources.length} resources, ${surfaces} surfaces, ${Object.keys(document.bins).length} bins: as declared`,
        verdict,
      ];
      await printAnswer({ text, json: { code, verdict, checked, plan_digest: document.plan_digest } }, json);
    });
}
