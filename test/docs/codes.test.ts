import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CODES, isCode } from '../../domain/codes.ts';

const SOURCES = [
  'cli',
  'components',
  'domain',
  'dots',
  'engine',
  'executor',
  'policy',
  'review',
  'runtime',
  'index.ts',
];
const REGISTRY = join('domain', 'codes.ts');
/** What looks like one of our codes: a kind, then words; and the seeds' own spellings. */
const CODE =
  /\b(?:(?:OK|NOOP|HOLD|REJECT|ERROR)_[A-Z][A-Z0-9_]*[A-Z0-9]|(?:GOVERNED_C1|C1_LEGO|C1_GRANT|C1_PROD|C1_DRYRUN)_[A-Z][A-Z0-9_]+)\b/g;
/** PostgreSQL's, npm's and the SDK's words of the same shape. */
const FOREIGN = new Set(['ERROR_CODE']);

const sources = SOURCES.flatMap(filesBelow).filter((file) => file !== REGISTRY);
const tests = filesBelow('test').filter((file) => !file.endsWith(join('docs', 'codes.test.ts')));

test('every code that a source names is registered', () => {
  const unknown = codesIn(sources).filter((code) => !isCode(code) && !FOREIGN.has(code));
  expect(unknown).toEqual([]);
});

test('every registered code is raised somewhere', () => {
  const raised = new Set(codesIn(sources));
  expect(Object.keys(CODES).filter((code) => !raised.has(code))).toEqual([]);
});

test('every registered code is reached by a test that names it', () => {
  const reached = new Set(codesIn(tests));
  expect(Object.keys(CODES).filter((code) => !reached.has(code))).toEqual([]);
});

function codesIn(files: readonly string[]): readonly string[] {
  return [...new Set(files.flatMap((file) => readFileSync(file, 'utf8').match(CODE) ?? []))];
}

function filesBelow(path: string): readonly string[] {
  if (!path.includes('.')) {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|mjs|cjs|sql)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
  }
  return [path];
}
