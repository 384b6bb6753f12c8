import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { generatedPages } from '../../cli/docs.ts';

test('docs/codes.md and docs/steps.md say what the code says', async () => {
  const pages = await generatedPages();
  expect(pages.size).toBe(2);
  for (const [file, text] of pages) expect(await readFile(file, 'utf8'), `${file}: run npx c1 docs`).toBe(text);
});
