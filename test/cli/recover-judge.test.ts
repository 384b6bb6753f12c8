import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { removeTornAttributes } from '../../cli/recover/attributes.ts';
import { judge } from '../../cli/recover/pending.ts';

const creating = (type: string, inputs: Record<string, unknown> = {}) => ({
  type: 'creating',
  resource: { urn: `urn:pulumi:dryrun::c1::${type}::it`, type, inputs },
});

test('a pending component and a pending reader leave nothing behind, a deploy goes on; what nobody knows stays unknown', async () => {
  const reader = creating('command:local:Command', { create: './c1-reader gate --step W2' });
  const deploy = creating('command:local:Command', { create: './executor-deploy --cloud --step W6 --for dryrun/it' });
  const pending = [creating('c1:birth:Birth'), reader, deploy, creating('random:index:RandomId')];
  const judged = await judge('nowhere', pending);
  expect(judged.map(({ outcome }) => outcome)).toEqual([
    'no effect',
    'only reads',
    'completed by the next up',
    'unknown',
  ]);
});

test('only attributes that a kill left empty are removed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'c1-attributes-'));
  const backend = pathToFileURL(folder).href;
  const stacks = join(folder, '.pulumi', 'stacks', 'c1');
  await mkdir(stacks, { recursive: true });
  expect(await removeTornAttributes(backend, 'dryrun')).toBe(false);
  await writeFile(join(stacks, 'dryrun.json.attrs'), '{}');
  expect(await removeTornAttributes(backend, 'dryrun')).toBe(false);
  await writeFile(join(stacks, 'dryrun.json.attrs'), '');
  expect(await removeTornAttributes(backend, 'dryrun')).toBe(true);
  await expect(stat(join(stacks, 'dryrun.json.attrs'))).rejects.toThrow('ENOENT');
  await rm(folder, { recursive: true });
});
