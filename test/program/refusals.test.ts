import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALL_TO_COME } from '../support/counts.ts';
import { createTestProject, type Ended, type TestProject } from '../support/project.ts';

/** Every refusal changes nothing and is paired with the same request made good: the preview of `accepted()`. */
let project: TestProject;

beforeAll(async () => {
  project = await createTestProject();
});

afterAll(() => project.dispose());

describe('input files', () => {
  test('an unknown configuration key is refused by name', async () => {
    const original = await readFile(join(project.folder, 'Pulumi.dryrun.yaml'), 'utf8');
    await project.edit('Pulumi.dryrun.yaml', (text) => text.replace('config:\n', 'config:\n  c1:thruogh: W3\n'));
    const refused = await project.pulumi('preview');
    await project.edit('Pulumi.dryrun.yaml', () => original);
    expectRefusal(refused, 'ERROR_CONFIG_INVALID');
    expect(refused.all).toContain('c1:thruogh');
  });

  test('approvals other than those of the runtime are refused', async () => {
    const original = await readFile(join(project.folder, 'Pulumi.dryrun.yaml'), 'utf8');
    await project.edit('Pulumi.dryrun.yaml', (text) => text.replace('c1:approvals: none', 'c1:approvals: required'));
    const refused = await project.pulumi('preview');
    await project.edit('Pulumi.dryrun.yaml', () => original);
    expectRefusal(refused, 'ERROR_CONFIG_INVALID');
  });

  test('a state folder other than the one of the checkout is refused; the same one is not', async () => {
    const refused = await project.pulumiWith({ C1_STATE_DIR: project.folder }, 'preview');
    expectRefusal(refused, 'ERROR_CONFIG_INVALID');
    const same = await project.pulumiWith({ C1_STATE_DIR: project.runtime.stateDir }, 'preview');
    expect(same.exitCode, same.all).toBe(0);
  });

  test('a duplicate key in a payload is refused by name', async () => {
    const original = await readFile(join(project.folder, 'payloads', 'species.json'), 'utf8');
    await project.edit('payloads/species.json', (text) => text.replace('"owner"', '"owner": "c1", "owner"'));
    const refused = await project.pulumi('preview');
    await project.edit('payloads/species.json', () => original);
    expectRefusal(refused, 'ERROR_PAYLOAD_INVALID');
  });

  test('planned deltas that name a row too few are a HOLD, because the preview does not add up to them', async () => {
    const original = await readFile(join(project.folder, 'planned-deltas.yaml'), 'utf8');
    await project.edit('planned-deltas.yaml', (text) => text.replace('        DOT_C1_PREFLIGHT: insert\n', ''));
    const refused = await project.pulumi('preview');
    await project.edit('planned-deltas.yaml', () => original);
    expectRefusal(refused, 'HOLD_PREVIEW_DELTA_MISMATCH');
    expect(refused.all).toContain('DOT_C1_PREFLIGHT');
  });
});

describe('the state folder', () => {
  test('in which a file takes the place of the answers is refused by name', async () => {
    const runs = join(project.runtime.stateDir, 'runs');
    await rm(runs, { recursive: true, force: true });
    await writeFile(runs, '');
    const refused = await project.pulumi('preview');
    await rm(runs);
    expectRefusal(refused, 'ERROR_STATE_FOLDER');
  });
});

describe('installed bins', () => {
  const bin = () => join(project.runtime.paths.bin, 'dot-species-register');

  test('a missing bin is a HOLD', async () => {
    await rename(bin(), `${bin()}.away`);
    const refused = await project.pulumi('preview');
    await rename(`${bin()}.away`, bin());
    expectRefusal(refused, 'HOLD_DOT_INTERFACE_MISMATCH');
  });

  test('a bin that cannot be executed is a HOLD', async () => {
    await chmod(bin(), 0o444);
    const refused = await project.pulumi('preview');
    await chmod(bin(), 0o555);
    expectRefusal(refused, 'HOLD_DOT_INTERFACE_MISMATCH');
  });

  test('a bin with one byte more is a HOLD', async () => {
    const bytes = await readFile(bin());
    await rename(bin(), `${bin()}.away`);
    await writeFile(bin(), Buffer.concat([bytes, Buffer.from('\n')]), { mode: 0o555 });
    const refused = await project.pulumi('preview');
    await rename(`${bin()}.away`, bin());
    expectRefusal(refused, 'HOLD_DOT_INTERFACE_MISMATCH');
    expect(refused.all).toContain('dot-species-register with SHA-256');
  });
});

describe('the runtime', () => {
  test('a database that does not answer is a stop, never an empty runtime', async () => {
    const file = join(project.runtime.paths.dot, 'config', 'runtime.json');
    const original = await readFile(file, 'utf8');
    await writeFile(file, JSON.stringify({ ...JSON.parse(original), port: 1 }));
    const refused = await project.pulumi('preview');
    await writeFile(file, original);
    expectRefusal(refused, 'ERROR_RUNTIME_UNREACHABLE');
  });

  test('a wrong password is a stop', async () => {
    const file = join(project.runtime.paths.dot, 'config', 'runtime.json');
    const original = await readFile(file, 'utf8');
    await writeFile(join(project.runtime.stateDir, 'auditor_ro'), 'wrong', { mode: 0o600 });
    await writeFile(file, original.replace(/"secrets": ?"[^"]*"/, '"secrets": "../../../.."'));
    const refused = await project.pulumi('preview');
    await writeFile(file, original);
    expectRefusal(refused, 'ERROR_RUNTIME_UNREACHABLE');
    expect(refused.all).toContain('password authentication failed');
  });

  test('a species of another owner is a HOLD, and nothing adopts it', async () => {
    const values = `('gov-canonical-op-vocab', 'Theirs', 'another', 'theirs', 'active')`;
    await project.behindTheGuards(
      'public.species',
      `insert into public.species (code, name, owner, description, status) values ${values}`,
    );
    const refused = await project.pulumi('preview');
    await project.behindTheGuards('public.species', `delete from public.species where owner = 'another'`);
    expectRefusal(refused, 'HOLD_SPECIES_OWNED_BY_OTHER');
  });

  test.each([
    ['schema', 'create schema c1', 'drop schema c1'],
    [
      'table',
      'create schema c1 create table governance_canonical_operation_vocab (id integer)',
      'drop schema c1 cascade',
    ],
  ])('an existing c1 %s is a HOLD, and nothing adopts it', async (_title, create, drop) => {
    await project.behindTheGuards('public.species', create);
    const refused = await project.pulumi('preview');
    await project.behindTheGuards('public.species', drop);
    expectRefusal(refused, 'HOLD_SURFACE_EXISTS');
  });
});

test('the same requests made good are accepted, and no refusal has written anything', async () => {
  const preview = await project.pulumi('preview');
  expect(preview.exitCode, preview.all).toBe(0);
  expect(preview.all).toMatch(ALL_TO_COME);
  expect(await project.query('select count(*)::int as runs from iu_core.dot_run')).toEqual([{ runs: 0 }]);
});

function expectRefusal({ all, exitCode }: Ended, code: string): void {
  expect(exitCode, all).not.toBe(0);
  expect(all).toContain(`${code}: seen `);
  expect(all).toMatch(/Next: .+\./);
  // Pulumi's own stack traces begin with "    at "; a user should never see one.
  expect(all).not.toMatch(/\n\s+at \S+ \(/);
}
