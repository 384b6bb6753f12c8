import { LABEL_LINE } from '../domain/label.ts';
import { stateDirOf } from '../runtime/paths.ts';
import { startRuntime } from '../runtime/runtime.ts';
import { STACK } from './engine.ts';
import { reportFailure } from './failure.ts';
import { colorsFor, print, terminalReporter } from './output.ts';
import { ruleOfStack } from './rule.ts';
import { assertStateOfProgram, selectStack } from './stack.ts';

/** `npm run setup`, after the engine is there: the runtime, and the stack that plain pulumi works on. */
async function main(): Promise<number> {
  try {
    const stateDir = stateDirOf(process.env);
    assertStateOfProgram(stateDir);
    const { host, port } = await startRuntime(stateDir, terminalReporter(false), {
      rule: { otherwise: ruleOfStack() },
    });
    await selectStack(STACK);
    await print(`runtime on ${host}:${port}, stack ${STACK} selected`);
    await print(`next: npx pulumi preview --stack ${STACK} --diff`);
    await print(colorsFor(process.stdout).dim(LABEL_LINE));
    return 0;
  } catch (thrown) {
    return reportFailure(thrown, process.argv.includes('--debug'));
  }
}

process.exitCode = await main();
