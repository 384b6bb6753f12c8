import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { LABEL_LINE } from '../../domain/label.ts';
import { root } from '../../engine/root.mjs';

const bench = (...words: readonly string[]) =>
  execa(process.execPath, [join(root, 'bench', 'main.ts'), ...words], { reject: false });

test('--help shows examples, every measurement and the label, and measures nothing', async () => {
  const { exitCode, stdout } = await bench('--help');
  expect(exitCode).toBe(0);
  for (const part of ['npm run bench -- --only preview', 'up-nothing', 'registrar', 'bin-start', LABEL_LINE])
    expect(stdout).toContain(part);
});

test.each([
  ['an unknown measurement', ['--only', 'previw']],
  ['no run at all', ['--runs', '0']],
  ['a number in words', ['--runs', 'three']],
  ['a word too many', ['preview']],
])('%s is a usage error', async (_title, words) => {
  expect(await bench(...words)).toMatchObject({
    exitCode: 64,
    stdout: '',
    stderr: expect.stringMatching(/^ERROR_USAGE/),
  });
});
