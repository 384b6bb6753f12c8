import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bind, unbind } from '../dots/support/handler.ts';
import { sha256Of } from '../dots/support/registrar.ts';
import { createTestProject, type TestProject } from '../support/project.ts';

/** H1 to the gate before the first write, on the real engine: up, drift, destroy, and up again. */
let project: TestProject;
let replaced: Buffer;
beforeAll(async () => {
  project = await createTestProject();
  replaced = await readFile(file());
  await project.through('PREWRITE');
});
afterAll(() => project?.dispose());

const file = () => join(project.runtime.paths.bin, 'dot-apr-execute');
const OWNER = { owner: 'dryrun/handler-binding' };

async function handler(): Promise<string> {
  const sql = `select handler_ref as v from public.apr_action_types where action_code = 'authorize_build_step'`;
  return (await project.query<{ v: string }>(sql))[0]?.v ?? '';
}

async function prewrite() {
  const { stdout, stderr } = await project.runtime.reader(['prewrite']);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as { readonly profile: string; readonly verdict: string };
}

/** Runs on the handler's rows, in the order in which they were applied. */
async function runs(direction: 'apply' | 'retire'): Promise<readonly string[]> {
  const sql = `select r.step || ' ' || r.resource as v from iu_core.dot_run r
    where r.outcome = 'applied' and r.direction = $1 and r.step like 'H%' order by r.applied_seq`;
  return (await project.query<{ v: string }>(sql, [direction])).map(({ v }) => v);
}

test('up asks the owners, deploys, loads and binds; the gate is READY on a fresh runtime with the handler', async () => {
  const up = await project.apply();
  expect(up.exitCode, up.all).toBe(0);
  expect(sha256Of(await readFile(file()))).not.toBe(sha256Of(replaced));
  expect((await project.runtime.bin('dot-apr-execute', ['--version'])).stdout).toBe('dot-apr-execute 2.3.0 DOT-310');
  expect(await handler()).toBe('dot-apr-execute:authorize_build_step');
  expect(await runs('apply')).toEqual(['H1 handler-request', 'H1 handler-patch', 'H4 handler-binding']);
  expect(await prewrite()).toMatchObject({
    profile: 'fresh',
    verdict: 'REHEARSAL C1_LEGO_PREWRITE_GATE_READY_FOR_OWNER_APPROVED_W1_W9',
  });
  expect((await project.apply()).all).toMatch(/\d+ unchanged/);
});

test('unbound behind Pulumi it is a HOLD, never "unchanged"; bound again it is as before', async () => {
  expect((await unbind(project.runtime, OWNER)).exitCode).toBe(0);
  for (const command of [['preview'], ['up', '--yes', '--skip-preview']]) {
    const { all, exitCode } = await project.pulumi(...command);
    expect(exitCode).not.toBe(0);
    expect(all).toContain('HOLD_ROW_MISSING: seen handler-binding');
  }
  expect((await bind(project.runtime, OWNER)).exitCode).toBe(0);
  expect((await project.pulumi('preview')).all).toMatch(/\d+ unchanged/);
});

test('destroy unbinds, then brings v2.2.0 back byte for byte; up after it asks anew', async () => {
  const before = await runs('retire');
  const destroy = await project.pulumi('destroy', '--yes', '--skip-preview');
  expect(destroy.exitCode, destroy.all).toBe(0);
  expect((await runs('retire')).slice(before.length)).toEqual(['H4 handler-binding', 'H1 handler-patch']);
  expect((await readFile(file())).equals(replaced)).toBe(true);
  expect(await handler()).toBe('unimplemented');
  expect(await project.query('select iu_core.moved_surfaces() as moved')).toEqual([{ moved: [] }]);
  const unbound = await project.runtime.reader(['prewrite']);
  expect([unbound.exitCode, unbound.stderr]).toEqual([
    3,
    expect.stringContaining('HOLD_HANDLER_UNBOUND: seen handler'),
  ]);

  const stopped = await project.pulumi('up', '--yes', '--skip-preview');
  expect(stopped.all).toMatch(/HOLD_APR_AWAITING_QUORUM: seen APR-C1-DOT-310-\S+ with 0 of 2 approvals/);
  const up = await project.apply();
  expect(up.exitCode, up.all).toBe(0);
  expect(await handler()).toBe('dot-apr-execute:authorize_build_step');
  expect((await prewrite()).profile).toBe('fresh');
});
