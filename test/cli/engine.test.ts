import { expect, test } from 'vitest';
import { assertOnly, summaryOf } from '../../cli/demo/engine-run.ts';
import { engineFailure } from '../../cli/engine.ts';

const WORDS = ['up', '--stack', 'dryrun'];

test('the first registered code in the output is the failure, with its own exit status', () => {
  const output = [
    ' +  pulumi:pulumi:Stack c1-dryrun creating (0s) error: HOLD_DRIFT: seen species/x with name="b", expected name="a". Next: find who changed it.',
    'Diagnostics:',
    '    error: ERROR_DATABASE: seen x, expected y. Next: z.',
  ].join('\n');
  const failure = engineFailure(output, WORDS);
  expect(failure).toMatchObject({
    code: 'HOLD_DRIFT',
    seen: 'species/x with name="b"',
    expected: 'name="a"',
    next: 'find who changed it',
    exitCode: 3,
  });
});

test("the launcher's line, which has no comma and no full stop, is read as well; other capitals are no code", () => {
  const output =
    'NOT_A_CODE: seen a, expected b. Next: c.\nERROR_STACK_UNKNOWN: seen no stack expected a stack. Next: npm run setup';
  expect(engineFailure(output, WORDS)).toMatchObject({
    code: 'ERROR_STACK_UNKNOWN',
    seen: 'no stack',
    next: 'npm run setup',
  });
});

test('a locked stack sends to c1 recover; anything else names the command and the first error', () => {
  const locked = engineFailure('error: the stack is currently locked by 1 lock(s). Either wait …', WORDS);
  expect([locked.code, locked.exitCode]).toEqual(['HOLD_STACK_LOCKED', 3]);
  expect(locked.next).toContain('npx c1 recover');
  const other = engineFailure('Updating\nerror: no space left on device\nmore', WORDS);
  expect([other.code, other.exitCode, other.next]).toEqual(['ERROR_ENGINE_FAILED', 1, 'npx pulumi up --stack dryrun']);
  expect(other.seen).toContain('no space left on device');
});

test('the summary is read from the output, and anything but the one expected change stops', () => {
  const output = 'Outputs:\n  - 3 rows\n\nResources:\n    + 5 created\n    71 unchanged\n\nDuration: 4s\n';
  expect(summaryOf(output)).toEqual({ created: 5, unchanged: 71 });
  expect(assertOnly({ unchanged: 76 }, 'unchanged')).toBe(76);
  expect(() => assertOnly(summaryOf(output), 'unchanged')).toThrow(
    /HOLD_PREVIEW_DELTA_MISMATCH: seen 5 created, 71 unch/,
  );
  expect(() => assertOnly({}, 'unchanged')).toThrow(/HOLD_PREVIEW_DELTA_MISMATCH/);
  expect(() => summaryOf('Duration: 4s')).toThrow(/ERROR_ENGINE_FAILED/);
});
