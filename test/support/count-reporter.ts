import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

type TestError = Parameters<NonNullable<Reporter['onTestRunEnd']>>[1][number];

/** Prints `N passed, N failed` as the very last line of a run, after everything that is torn down. */
export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly TestError[], reason: TestRunEndReason): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const failed = tests.filter((test) => test.result().state === 'failed').length + broken;
    // A run that was cut short without a failing test is no success either.
    const shown = reason !== 'passed' && failed === 0 ? 1 : failed;
    process.once('exit', () => process.stdout.write(`${passed} passed, ${shown} failed\n`));
  }
}
