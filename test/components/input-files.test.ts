import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPayloadFiles, readPlannedDeltas } from '../../components/input-files.ts';
import { C1_DOT_CODES } from '../../domain/dots.ts';
import { plannedCounts } from '../../domain/planned-deltas.ts';
import { LAST_STEP, stepsThrough } from '../../domain/program.ts';
import { blankBuild } from '../../domain/release.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1-inputs-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the payload files name the eight DOTs, and the planned deltas count their rows', async () => {
  const payloads = readPayloadFiles('payloads');
  expect(payloads.births.map(({ dot_code }) => dot_code)).toEqual(C1_DOT_CODES);
  const counts = plannedCounts(await readPlannedDeltas('planned-deltas.yaml'), 'W2');
  expect(counts).toEqual({ species: 1, birth_registry: 8, admission_record: 8, dot_ledger: 25 });
  expect(payloads.tools.map(({ code }) => code)).toEqual(C1_DOT_CODES);
  const tools = plannedCounts(await readPlannedDeltas('planned-deltas.yaml'), 'W4');
  expect(tools).toEqual({ dot_tools: 8, meta_catalog: 0, dot_ledger: 9 });
  const contracts = plannedCounts(await readPlannedDeltas('planned-deltas.yaml'), 'W5');
  expect(contracts).toEqual({ dot_agent_api_contract: 2, dot_ledger: 2 });
});

test.each([
  ['an extra key', 'species.json', '"owner"', '"colour": "red", "owner"', 'colour'],
  ['a missing key', 'species.json', '"owner": "c1",', '', 'owner'],
  ['a duplicate key', 'species.json', '"owner"', '"owner": "c1", "owner"', 'the key "owner" twice'],
  ['a duplicate key in an array', 'birth_records.json', '"born_by"', '"born_by": "X", "born_by"', '"born_by" twice'],
  ['a look-alike letter in a DOT code', 'birth_records.json', '"DOT_C1_PREFLIGHT"', '"DOT_С1_PREFLIGHT"', 'dot_code'],
  ['full-width letters in a DOT code', 'birth_records.json', '"DOT_C1_PREFLIGHT"', '"ＤＯＴ_C1_PREFLIGHT"', 'dot_code'],
  [
    'a zero-width space in a DOT code',
    'birth_records.json',
    '"DOT_C1_PREFLIGHT"',
    '"DOT_C1_\u200bPREFLIGHT"',
    'dot_code',
  ],
  [
    'a quote and a semicolon in a name',
    'species.json',
    'gov-canonical-op-vocab',
    "gov';drop table species;--",
    'species.json.code',
  ],
  [
    'a newline in a text',
    'species.json',
    'Governance canonical',
    'Governance\\ncanonical',
    'control, invisible or broken',
  ],
  ['a path in a key', 'admission_records.json', '"DOT_C1_PREFLIGHT"', '"../../etc/passwd"', 'dot_code'],
  ['a DOT of another carrier', 'birth_records.json', '"DOT_C1_PREFLIGHT"', '"DOT_C2_PREFLIGHT"', 'eight C1 DOTs'],
  ['a DOT twice', 'birth_records.json', '"DOT_C1_PREFLIGHT"', '"DOT_C1_VOCAB_BUILD"', 'eight C1 DOTs'],
  ['a tool of the backlog', 'dot_tools_rows.json', '"DOT_C1_PREFLIGHT"', '"DOT-290"', 'eight C1 DOTs'],
  ['a tool twice', 'dot_tools_rows.json', '"DOT_C1_PREFLIGHT"', '"DOT_C1_VOCAB_BUILD"', 'eight C1 DOTs'],
  ['a look-alike tool', 'dot_tools_rows.json', '"DOT_C1_PREFLIGHT"', '"DOT_С1_PREFLIGHT"', 'code'],
  [
    'the contract of a KG DOT',
    'dot_agent_api_contract_rows.json',
    '"DOT_C1_VOCAB_BUILD",',
    '"DOT_KG_EXPLAIN",',
    'dot_code',
  ],
  ['a contract in real mode', 'dot_agent_api_contract_rows.json', '"DRY_RUN"', '"REAL_RUN"', 'mode'],
  ['a file that is not JSON', 'species.json', '{', '{,', 'species.json'],
])('%s is refused by name', async (_title, name, search, replacement, detail) => {
  await cp('payloads', join(folder, 'payloads'), { recursive: true });
  const file = join(folder, 'payloads', name);
  const text = await readFile(file, 'utf8');
  expect(text).toContain(search);
  await writeFile(file, text.replace(search, replacement));
  const read = () => stepsThrough(LAST_STEP, { ...readPayloadFiles(join(folder, 'payloads')), ...blankBuild() });
  expect(read).toThrow(/^ERROR_PAYLOAD_INVALID: /);
  expect(read).toThrow(detail);
});

test('a missing payload file is refused by name', () => {
  expect(() => readPayloadFiles(join(folder, 'nowhere'))).toThrow(
    /ERROR_PAYLOAD_INVALID: seen no readable payloads\/species/,
  );
});

test.each([
  ['an unknown surface', 'species:', 'specieses:', 'specieses'],
  ['an unknown step', '  W2:', '  W0:', 'W0'],
  ['a duplicate row', 'DOT_C1_PREFLIGHT: insert', 'DOT_C1_GRANT_ISSUE: insert', 'unique'],
  ['an unknown operation', 'DOT_C1_PREFLIGHT: insert', 'DOT_C1_PREFLIGHT: erase', 'erase|insert'],
  ['no runs', 'runs: 25', 'runs: 0', 'runs'],
])('planned deltas with %s are refused', async (_title, search, replacement, detail) => {
  const text = await readFile('planned-deltas.yaml', 'utf8');
  expect(text).toContain(search);
  const file = join(folder, 'planned-deltas.yaml');
  await writeFile(file, text.replace(search, replacement));
  await expect(readPlannedDeltas(file)).rejects.toThrow(/^ERROR_PAYLOAD_INVALID: /);
  await expect(readPlannedDeltas(file)).rejects.toThrow(new RegExp(detail));
});
