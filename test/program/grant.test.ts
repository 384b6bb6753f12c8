import { afterAll, beforeAll, expect, test } from 'vitest';
import { spend } from '../authority/support/raw.ts';
import { RESOURCES_THROUGH, unchanged as unchangedOf } from '../support/counts.ts';
import { approve } from '../support/owners.ts';
import { createTestProject, type TestProject } from '../support/project.ts';

/** What becomes of W7 on the real engine once its grant was used, is over, or its manifest moved. */
let project: TestProject;
beforeAll(async () => {
  project = await createTestProject();
  await project.through('W7');
});
afterAll(() => project?.dispose());

const up = () => project.pulumi('up', '--yes', '--skip-preview');
const configure = (line: string) =>
  project.edit('Pulumi.dryrun.yaml', (text) =>
    text.replace(/^ {2}c1:(grantGeneration|expectedManifestHash):.*\n/gm, '').replace('config:\n', `config:\n${line}`),
  );

/** Requests for a grant and what was minted from them, the oldest first. */
async function history(): Promise<readonly string[]> {
  const sql = `select q.status || coalesce(' ' || g.status, '') as line from public.apr_requests q
    left join public.governance_build_authorization g on g.request_ref = q.apr_code
    where q.action_code = 'authorize_build_step' order by q.created_at`;
  return (await project.query<{ line: string }>(sql)).map(({ line }) => line);
}

async function code(): Promise<string> {
  const sql = `select apr_code as v from public.apr_requests where action_code = 'authorize_build_step' and status in ('pending', 'applied')`;
  return (await project.query<{ v: string }>(sql))[0]?.v ?? '';
}

async function unchanged(): Promise<void> {
  for (const { all } of [await project.pulumi('preview'), await up()])
    expect(all).toMatch(unchangedOf(RESOURCES_THROUGH.W7));
}

async function stops(words: string): Promise<void> {
  const before = await project.snapshot();
  for (const { all, exitCode } of [await project.pulumi('preview'), await up()]) {
    expect(all).toContain(words);
    expect(exitCode).not.toBe(0);
  }
  expect(await project.snapshot()).toEqual(before);
}

test('a manifest that was not expected stops before anything is written; the expected one does not', async () => {
  await configure(`  c1:expectedManifestHash: ${'a'.repeat(64)}\n`);
  await stops('HOLD_MANIFEST_HASH_UNEXPECTED');
  await configure('');
  const applied = await project.apply();
  expect(applied.exitCode, applied.all).toBe(0);
  const sql = 'select manifest_hash as v from public.governance_build_authorization';
  const [{ v } = { v: '' }] = await project.query<{ v: string }>(sql);
  await configure(`  c1:expectedManifestHash: ${v}\n`);
  expect((await project.pulumi('preview')).all).toMatch(unchangedOf(RESOURCES_THROUGH.W7));
  await configure('');
});

test('a live grant holds up another generation and another manifest, and nothing is asked', async () => {
  await configure('  c1:grantGeneration: 2\n');
  await stops('HOLD_GRANT_LIVE');
  await configure('');
  const less = (status: string) =>
    project.behindTheGuards(
      'public.apr_action_types',
      `update public.apr_action_types set status = '${status}' where action_code = 'birth_record'`,
    );
  await less('inactive');
  const { all, exitCode } = await up();
  expect([exitCode === 0, all]).toEqual([false, expect.stringContaining('HOLD_')]);
  await less('active');
  await unchanged();
  expect(await history()).toEqual(['applied active']);
});

test('a used grant is no drift; a raised generation asks anew, and what the owners approve is minted', async () => {
  await spend(project, await code(), 'dryrun');
  await unchanged();
  expect(await history()).toEqual(['applied consumed']);
  await configure('  c1:grantGeneration: 2\n');
  const preview = await project.pulumi('preview');
  expect(preview.exitCode, preview.all).toBe(0);
  expect((await up()).all).toMatch(/HOLD_APR_AWAITING_QUORUM: seen APR-C1-GRANT-\S+ with 0 of 2 approvals/);
  expect(await history()).toEqual(['closed consumed', 'pending']);
  await approve(project.runtime.stateDir, await code());
  const done = await up();
  expect(done.exitCode, done.all).toBe(0);
  expect(await history()).toEqual(['closed consumed', 'applied active']);
  await unchanged();
});

test('a grant past its expiry is no drift either; the next generation takes its place', async () => {
  const over = `granted_at = now() - interval '2 days', expires_at = now() - interval '1 day'`;
  await project.behindTheGuards(
    'public.governance_build_authorization',
    `update public.governance_build_authorization set ${over} where status = 'active'`,
  );
  await unchanged();
  await configure('  c1:grantGeneration: 3\n');
  const done = await project.apply();
  expect(done.exitCode, done.all).toBe(0);
  expect(await history()).toEqual(['closed consumed', 'closed expired', 'applied active']);
  await unchanged();
});

test('a destroy leaves a used grant as it is, and only closes its request', async () => {
  await spend(project, await code(), 'dryrun');
  const destroy = await project.pulumi('destroy', '--yes', '--skip-preview');
  expect(destroy.exitCode, destroy.all).toBe(0);
  expect(await history()).toEqual(['closed consumed', 'closed expired', 'closed consumed']);
});
