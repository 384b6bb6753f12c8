import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { rulesFor } from '../../policy/rules.ts';
import { createTestProject, type Ended, type TestProject } from '../support/project.ts';
import { planned } from './fixtures.ts';

/** The pack on the real engine, beside the real program: what got past the program is refused by name. */
const PACK = ['--policy-pack', 'policy'];
const FILES = ['Pulumi.dryrun.yaml', 'payloads/species.json', 'policy/index.ts'];
const originals = new Map<string, string>();
let project: TestProject;

beforeAll(async () => {
  project = await createTestProject();
  for (const file of FILES) originals.set(file, await readFile(join(project.folder, file), 'utf8'));
});

afterEach(async () => {
  for (const [file, text] of originals) await writeFile(join(project.folder, file), text);
});

afterAll(() => project.dispose());

test('the program as it is passes every rule in preview', async () => {
  const preview = await project.pulumi('preview', ...PACK);
  expect(preview.exitCode, preview.all).toBe(0);
  expect(preview.all).toMatch(/Policies:\s+✅ c1@v1\.0\.0/);
  expect(preview.all).not.toContain("can't run policy");
});

test('a secret smuggled in by a payload is refused in preview and in up, and nothing is written', async () => {
  await project.edit('payloads/species.json', (text) =>
    text.replace('The DOTs', 'postgres://me:hunter2@host/ The DOTs'),
  );
  const unguarded = await project.pulumi('preview');
  expect(unguarded.exitCode, unguarded.all).toBe(0);
  expectRefusal(await project.pulumi('preview', ...PACK), 'no-secret-input', 'species: a secret in description');
  expectRefusal(
    await project.pulumi('up', '--yes', ...PACK),
    'no-secret-input',
    'species: a secret in stdin.description',
  );
  expect(await writes()).toBe(0);
});

test('a password smuggled in by config is refused before the first command, in an up without preview too', async () => {
  const password = project.env.PGPASSWORD ?? '';
  await project.pulumi('config', 'set', '--secret', 'postgresql:password', password);
  const unguarded = await project.pulumi('preview');
  expect(unguarded.exitCode, unguarded.all).toBe(0);
  for (const args of [['preview'], ['up', '--yes', '--skip-preview']]) {
    const refused = await project.pulumi(...args, ...PACK);
    expectRefusal(refused, 'no-secret-input', 'password marked as a secret');
    expect(refused.all).not.toContain(password);
  }
  expect(await writes()).toBe(0);
});

test('rows that are not as many as planned are refused at the end of a preview', async () => {
  const oneMore = `readFileSync(file, 'utf8').replace('  DOT_C1_', '  OTHER: insert\\n        DOT_C1_')`;
  await project.edit('policy/index.ts', (text) => text.replace("readFileSync(file, 'utf8')", () => oneMore));
  const refused = await project.pulumi('preview', ...PACK);
  expectRefusal(refused, 'planned-row-counts', 'W2: 8 rows of birth_registry, expected 9');
  expectRefusal(refused, 'gates-expect-the-plan', 'w2-gate expecting');
});

test('a pack that does not load stops the preview', async () => {
  await project.edit('policy/index.ts', (text) => text.replace('planned-deltas.yaml', 'planned-delta.yaml'));
  const stopped = await project.pulumi('preview', ...PACK);
  expect(stopped.exitCode, stopped.all).not.toBe(0);
});

test('the program made good is applied under the pack up to its first stop for the owners', async () => {
  const up = await project.pulumi('up', '--yes', '--skip-preview', ...PACK);
  expect(up.all).toContain('HOLD_APR_AWAITING_QUORUM');
  expect(up.all).not.toContain('REJECT_POLICY_VIOLATION');
  expect(await writes()).toBeGreaterThan(0);
});

test('rules have names of their own, and say what to do', () => {
  const rules = rulesFor(planned);
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  for (const { name, next } of rules) {
    expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(next).not.toBe('');
  }
});

async function writes(): Promise<number> {
  const [row] = await project.query<{ runs: number }>('select count(*)::int as runs from iu_core.dot_run');
  return row?.runs ?? -1;
}

function expectRefusal({ all, exitCode }: Ended, rule: string, seen: string): void {
  expect(exitCode, all).not.toBe(0);
  expect(all).toContain(`[mandatory]  ${rule}`);
  expect(all).toContain('REJECT_POLICY_VIOLATION: seen ');
  expect(all).toContain(seen);
}
