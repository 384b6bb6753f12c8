import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { parseJsonStrictly } from '../../domain/strict-json.ts';
import { createTestRuntime, type TestRuntime } from '../support/runtime.ts';
import { rowNamed } from './support/rows.ts';

const BIN = 'dot-c1-contract-register';
const HARDENED = 'dot-dot-register-c1-hardened';
const WRITER = 'DOT_C1_CONTRACT_REGISTER';
const PAIR = ['DOT_C1_VOCAB_BUILD', 'DOT_C1_VOCAB_VERIFY'] as const;

let runtime: TestRuntime;

beforeAll(async () => {
  runtime = await createTestRuntime();
  const { buildFolder } = inject('testServer');
  for (const file of [HARDENED, BIN, 'dot-c1-vocab-build', 'dot-c1-vocab-verify']) {
    await copyFile(join(buildFolder, file), join(runtime.paths.bin, file));
  }
  for (const name of ['species', ...[...PAIR, WRITER].flatMap((code) => lifecycle(code))]) await apply(name);
});

afterAll(() => runtime.dispose());

test('a contract of a DOT without a tool row is a HOLD; with it, the pair is bound and the KG rows stay as they are', async () => {
  const kg = await contracts(`dot_code like 'DOT_KG%'`);
  expect(kg).toHaveLength(2);
  const early = await runtime.bin(BIN, flags(PAIR[0]), { stdin: contract(PAIR[0]) });
  expect(early).toMatchObject({ exitCode: 3, stdout: '' });
  expect(early.stderr).toContain('HOLD_ADMISSION_MISSING_OR_INVALID');

  for (const code of [...PAIR, WRITER]) await register(code);
  for (const code of PAIR) {
    const bound = await runtime.bin(BIN, flags(code), { stdin: contract(code) });
    expect(bound.exitCode, bound.stderr).toBe(0);
    const again = await runtime.bin(BIN, flags(code), { stdin: contract(code) });
    expect(JSON.parse(again.stdout)).toMatchObject({ code: 'NOOP_ALREADY_THERE' });
  }
  expect(await contracts(`contract_status <> 'retired'`)).toHaveLength(4);
  expect(await contracts(`dot_code like 'DOT_KG%'`)).toEqual(kg);
});

test.each([
  ['with mutation', { no_mutation_assertion: false }],
  ['in another namespace', { output_namespace: 'PROD-NS:dot:c1:vocab' }],
  ['paired with a KG DOT', { paired_dot: 'DOT_KG_EXPLAIN_VERIFY' }],
  ['paired with itself', { paired_dot: 'DOT_C1_VOCAB_BUILD' }],
  ['in real mode', { mode: 'REAL_RUN' }],
  ['at another endpoint', { endpoint_ref: 'http://elsewhere:8090/dispatch' }],
  ['with one key more', { extra: true }],
])('a contract %s is refused and changes nothing', async (_title, change) => {
  const before = await contracts('true');
  const answer = await runtime.bin(BIN, flags(PAIR[0]), { stdin: { ...contract(PAIR[0]), ...change } });
  expect(answer).toMatchObject({ exitCode: 1, stdout: '' });
  expect(answer.stderr).toContain('ERROR_PAYLOAD_INVALID');
  expect(await contracts('true')).toEqual(before);
});

test('the contract of a KG DOT cannot even be asked for', async () => {
  const answer = await runtime.bin(BIN, flags('DOT_KG_EXPLAIN'), { stdin: contract(PAIR[0]) });
  expect(answer).toMatchObject({ exitCode: 64, stdout: '' });
});

test('a tool with a live contract is not retired; the contracts retire first, and come back', async () => {
  const held = await runtime.bin(HARDENED, [...toolFlags(PAIR[0]), '--retire'], { stdin: tool(PAIR[0]) });
  expect(held.stderr).toContain('HOLD_PRESTATE_MOVED: seen dot_agent_api_contract/DOT_C1_VOCAB_BUILD');
  for (const code of PAIR) {
    const retired = await runtime.bin(BIN, [...flags(code), '--retire'], { stdin: contract(code) });
    expect(retired.exitCode, retired.stderr).toBe(0);
  }
  expect(await contracts(`contract_status = 'retired'`)).toHaveLength(2);
  const back = await runtime.bin(BIN, flags(PAIR[0]), { stdin: contract(PAIR[0]) });
  expect(JSON.parse(back.stdout)).toMatchObject({ code: 'OK_APPLIED', message: expect.stringContaining('reinstate') });
});

const rows = z.array(z.looseObject({}));

function payload(file: string, key: string, code: string): Record<string, unknown> {
  const found = rows.parse(parseJsonStrictly(readFileSync(`payloads/${file}`))).find((row) => row[key] === code);
  if (found === undefined) throw new Error(`no ${code} in ${file}`);
  return found;
}

const contract = (code: string) => payload('dot_agent_api_contract_rows.json', 'dot_code', code);
const tool = (code: string) => payload('dot_tools_rows.json', 'code', code);
const flags = (code: string) => ['--cloud', '--step', 'W5', '--for', `trial/contract-${code}`, '--only', code];
const toolFlags = (code: string) => [
  '--cloud',
  '--only-prefix',
  'dot-c1-',
  '--only',
  code,
  '--step',
  'W4',
  '--for',
  `trial/tool-${code}`,
];
const lifecycle = (code: string) =>
  ['birth', 'admission', 'ledger'].map((kind) => `${kind}-${code.toLowerCase().replaceAll('_', '-')}`);

async function apply(name: string): Promise<void> {
  const row = rowNamed(name);
  const [bin = '', ...args] = row.create.split(' ');
  const answer = await runtime.bin(bin, [...args, '--for', `trial/${name}`], { stdin: row.payload ?? '' });
  expect(answer.exitCode, answer.stderr).toBe(0);
}

async function register(code: string): Promise<void> {
  const answer = await runtime.bin(HARDENED, toolFlags(code), { stdin: tool(code) });
  expect(answer.exitCode, answer.stderr).toBe(0);
}

async function contracts(where: string): Promise<readonly unknown[]> {
  const reader = await runtime.pool('auditor_ro');
  return (await reader.query(`select * from public.dot_agent_api_contract where ${where} order by dot_code`)).rows;
}
