import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assertStateOfProgram } from '../../cli/stack.ts';
import { CHECKOUT } from '../../runtime/paths.ts';

test('a state folder that the program would not look into is refused by demo, setup and recover', async () => {
  expect(assertStateOfProgram(join(CHECKOUT, '.c1'))).toBeUndefined();
  const elsewhere = await mkdtemp(join(tmpdir(), 'c1 elsewhere-'));
  expect(() => assertStateOfProgram(elsewhere)).toThrow(
    /ERROR_USAGE: seen C1_STATE_DIR .*elsewhere.*unset C1_STATE_DIR/,
  );
  await rm(elsewhere, { recursive: true });
});
