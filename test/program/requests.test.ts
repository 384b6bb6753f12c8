import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { castVote } from '../../cli/apr/cast.ts';
import { isRequestOf } from '../../domain/apr.ts';
import { approve } from '../support/owners.ts';
import { createTestProject, type TestProject } from '../support/project.ts';

let project: TestProject;

beforeAll(async () => {
  project = await createTestProject();
  await project.through('W1');
});
afterAll(() => project.dispose());

const up = () => project.pulumi('up', '--yes', '--skip-preview');

/** The request on the registrar that an up stopped for; the one on the handler, which comes before it, is approved. */
async function awaited(): Promise<string> {
  const { all } = await up();
  const [, code] = /HOLD_APR_AWAITING_QUORUM: seen (APR-[A-Za-z0-9-]+) with 0 of 2 approvals/.exec(all) ?? [];
  if (code === undefined) throw new Error(all);
  if (!isRequestOf('DOT-310', code)) return code;
  await approve(project.runtime.stateDir, code);
  return awaited();
}

async function statuses(): Promise<Readonly<Record<string, string>>> {
  const rows = await project.query<{ apr_code: string; status: string }>(
    `select apr_code, status from public.apr_requests where apr_code like 'APR-C1-DOT-REGISTER-%'`,
  );
  return Object.fromEntries(rows.map(({ apr_code, status }) => [apr_code, status]));
}

test('after a denial the very next up asks anew; a destroy withdraws what nobody acted on; what is applied is rolled back', async () => {
  const denied = await awaited();
  await castVote(project.runtime.stateDir, { code: denied, voter: 'voter_owner_2', decision: 'deny', keyFile: null });
  const preview = await project.pulumi('preview', '--diff');
  expect(preview.exitCode, preview.all).toBe(0);
  expect(preview.all).toMatch(/after_denials *: 1/);

  const withdrawn = await awaited();
  expect(await statuses()).toEqual({ [denied]: 'denied', [withdrawn]: 'pending' });
  expect(await awaited()).toBe(withdrawn);
  expect((await project.pulumi('destroy', '--yes', '--skip-preview')).exitCode).toBe(0);
  expect(await statuses()).toEqual({ [denied]: 'denied', [withdrawn]: 'withdrawn' });

  const applied = await awaited();
  await approve(project.runtime.stateDir, applied);
  const done = await up();
  expect(done.exitCode, done.all).toBe(0);
  expect((await up()).all).toMatch(/\d+ unchanged/);
  expect(await statuses()).toEqual({ [denied]: 'denied', [withdrawn]: 'withdrawn', [applied]: 'applied' });
  expect((await project.pulumi('destroy', '--yes', '--skip-preview')).exitCode).toBe(0);
  expect((await statuses())[applied]).toBe('rolled_back');
  expect(await project.query('select iu_core.moved_surfaces() as moved')).toEqual([{ moved: [] }]);
});

test('files that a killed deploy left are no retired W1: destroy says so, and up takes them over', async () => {
  const code = await awaited();
  const { bin } = project.runtime.paths;
  // As a kill between the files and the commit leaves it: everything in place, and the request still pending.
  await cp(join(project.runtime.paths.release, 'dot-c1-preflight'), join(bin, 'dot-c1-preflight'));
  const destroy = await project.pulumi('destroy', '--yes', '--skip-preview');
  expect(destroy.exitCode).not.toBe(0);
  expect(destroy.all).toContain('HOLD_DOT_INTERFACE_MISMATCH: seen dot-c1-preflight after the retire of W1');

  const again = await awaited();
  expect(again).not.toBe(code);
  await approve(project.runtime.stateDir, again);
  const done = await up();
  expect(done.exitCode, done.all).toBe(0);
  const gone = await project.pulumi('destroy', '--yes', '--skip-preview');
  expect(gone.exitCode, gone.all).toBe(0);
});
