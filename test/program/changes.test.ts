import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RESOURCES_THROUGH, unchanged } from '../support/counts.ts';
import { apartFromRequests } from '../support/owners.ts';
import { createTestProject, type TestProject } from '../support/project.ts';

const CONTRACTS = 'dot_agent_api_contract_rows.json';

let project: TestProject;

beforeAll(async () => {
  project = await createTestProject();
  await project.through('W5');
  const up = await project.apply();
  expect(up.exitCode, up.all).toBe(0);
});

afterAll(() => project.dispose());

test('a changed row is shown before and after, applied by supersession, and changes back', async () => {
  const before = await project.snapshot();
  await project.edit('payloads/species.json', (text) => text.replace('first carrier', 'very first carrier'));
  const preview = await project.pulumi('preview', '--diff');
  expect(preview.all).toMatch(
    /~ update species\/gov-canonical-op-vocab \(description: ".*first.*" => ".*very first.*"\)/,
  );
  expect(preview.all).toMatch(/~ c1:species:Species: \(update\)/);
  const up = await project.pulumi('up', '--yes', '--skip-preview');
  expect(up.exitCode, up.all).toBe(0);
  // The row's component, its command, and the gate that reads back what it brought.
  expect(up.all).toMatch(/3 updated/);
  const ledger =
    'select direction, supersedes is not null as supersedes from public.dot_ledger where subject = $1 order by seq desc limit 1';
  expect(await project.query(ledger, ['species/gov-canonical-op-vocab'])).toEqual([
    { direction: 'apply', supersedes: true },
  ]);

  await project.edit('payloads/species.json', (text) => text.replace('very first carrier', 'first carrier'));
  const back = await project.pulumi('up', '--yes', '--skip-preview');
  expect(back.exitCode, back.all).toBe(0);
  expect(await project.snapshot()).toEqual(before);
});

test('a changed row that its DOT cannot change in place is a HOLD before anything is written', async () => {
  const before = await project.snapshot();
  await project.edit('payloads/birth_records.json', (text) =>
    text.replace('computes the cser-v1', 'computes a cser-v1'),
  );
  const preview = await project.pulumi('preview');
  expect(preview.all).toContain('HOLD_PRESTATE_MOVED: seen a new desired row for birth_registry/DOT_C1_VOCAB_BUILD');
  const up = await project.pulumi('up', '--yes', '--skip-preview');
  expect(up.exitCode).not.toBe(0);
  expect(await project.snapshot()).toEqual(before);
  await project.edit('payloads/birth_records.json', (text) =>
    text.replace('computes a cser-v1', 'computes the cser-v1'),
  );
  expect((await project.pulumi('preview')).all).toMatch(unchanged(RESOURCES_THROUGH.W5));
});

test('a row that no DOT of ours claims, changed by one letter, is a HOLD on its surface', async () => {
  await project.behindTheGuards(
    'public.dot_tools',
    `update public.dot_tools set name = name || 'x' where code = 'DOT-015'`,
  );
  const preview = await project.pulumi('preview');
  expect(preview.exitCode).not.toBe(0);
  expect(preview.all).toMatch(/HOLD_COUNTER_DRIFT: seen rows changed by something else .* in dot_tools/);
  await project.behindTheGuards(
    'public.dot_tools',
    `update public.dot_tools set name = rtrim(name, 'x') where code = 'DOT-015'`,
  );
  expect((await project.pulumi('preview')).exitCode).toBe(0);
});

test('a vocabulary table with a row in it stops destroy before the first row is retired; emptied, the next test destroys', async () => {
  const before = await project.snapshot();
  const insert = `insert into c1.governance_canonical_operation_vocab (operation_code, protocol_version, status) values ('x', '1', 'active')`;
  await project.behindTheGuards('c1.governance_canonical_operation_vocab', insert);
  const destroy = await project.pulumi('destroy', '--yes', '--skip-preview');
  expect(destroy.exitCode).not.toBe(0);
  expect(destroy.all).toContain('REJECT_ROLLBACK_DELETE: seen 1 rows in the vocabulary table');
  expect(await project.snapshot()).toEqual(before);

  await project.behindTheGuards(
    'c1.governance_canonical_operation_vocab',
    'delete from c1.governance_canonical_operation_vocab',
  );
});

test('a row retired behind Pulumi is a HOLD in preview and up, never "unchanged"; destroy and up bring it back', async () => {
  const before = await project.snapshot();
  const flags = ['--cloud', '--step', 'W5', '--only', 'DOT_C1_VOCAB_VERIFY', '--retire'];
  const owner = ['--for', 'dryrun/contract-dot-c1-vocab-verify'];
  const contracts = JSON.parse(await readFile(join(project.folder, 'payloads', CONTRACTS), 'utf8')) as unknown[];
  const retired = await project.runtime.bin('dot-c1-contract-register', [...flags, ...owner], { stdin: contracts[1] });
  expect(retired.exitCode, retired.stderr).toBe(0);
  for (const command of [['preview'], ['up', '--yes', '--skip-preview']]) {
    const held = await project.pulumi(...command);
    expect(held.all).toContain("HOLD_ROW_MISSING: seen contract-dot-c1-vocab-verify in Pulumi's state");
    expect(held.exitCode).not.toBe(0);
    expect(held.all).not.toMatch(/\n\s+at \S+ \(/);
  }
  const destroy = await project.pulumi('destroy', '--yes', '--skip-preview');
  expect(destroy.exitCode, destroy.all).toBe(0);
  const up = await project.apply();
  expect(up.exitCode, up.all).toBe(0);
  expect(apartFromRequests(await project.snapshot())).toEqual(apartFromRequests(before));
});
