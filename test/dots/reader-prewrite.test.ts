import { chmod, cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AUTHORIZE_HANDLER } from '../../domain/handler.ts';
import { runC1 } from '../support/state-folder.ts';
import { bind, deployHandler, unbind } from './support/handler.ts';
import { must } from './support/registrar.ts';
import { failure, failureOf, mustRun } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

const READY = 'C1_LEGO_PREWRITE_GATE_READY_FOR_OWNER_APPROVED_W1_W9';
const CHANNEL = failure(3, 'C1_DRYRUN_HOLD_REGISTRAR_EXECUTION_CHANNEL_MISSING');

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial({ staged: false });
});
afterAll(() => trial?.dispose());

async function ready() {
  const answer = await trial.runtime.reader(['prewrite']);
  expect(answer.exitCode, answer.stderr).toBe(0);
  return JSON.parse(answer.stdout) as { code: string; verdict: string; profile: string; checked: number };
}

test('without its handler bound the runtime is not what the first write expects; with H1 and H4 it is', async () => {
  const held = async () => {
    const answer = await trial.runtime.reader(['prewrite']);
    expect(failureOf(answer)).toEqual(failure(3, 'HOLD_HANDLER_UNBOUND'));
    expect(answer.stderr).toContain('handler of authorize_build_step unimplemented');
  };
  await held();
  await deployHandler(trial.runtime);
  await held();
  must(await bind(trial.runtime));
  // It is no write of C1.
  expect(await ready()).toMatchObject({ code: READY, profile: 'fresh' });
  must(await unbind(trial.runtime));
  await held();
  must(await bind(trial.runtime));
});

test('after H every fact is as the seeds verified it, and the verdict is a rehearsal', async () => {
  const before = await trial.fingerprint();
  const answer = await ready();
  expect(answer).toMatchObject({ code: READY, verdict: `REHEARSAL ${READY}`, profile: 'fresh' });
  expect(answer).toMatchObject({
    facts: expect.arrayContaining([
      { what: 'live rows of dot_tools', seen: '309', expected: '309' },
      { what: 'CAT-006 record_count', seen: '163', expected: '163' },
      { what: 'handler of authorize_build_step', seen: AUTHORIZE_HANDLER, expected: AUTHORIZE_HANDLER },
      { what: 'live steps of the handler', seen: 'H1, H4', expected: 'H1, H4' },
      { what: 'schema c1', seen: 'absent', expected: 'absent' },
    ]),
  });
  expect(answer.checked).toBeGreaterThan(80);
  expect(await trial.fingerprint()).toBe(before);
});

describe('one fact that is other than expected is a HOLD that names it', () => {
  const TOOL = `insert into public.dot_tools (code, name, category, coverage_status, file_path, trigger)
    values ('DOT-999', 'dot-x', 'x', 'covered', 'dot/bin/dot-x', 'manual')`;
  test.each([
    ['a tool more', 'dot_tools', TOOL, `delete from public.dot_tools where code = 'DOT-999'`, 'dot_tools 310'],
    [
      'a KG contract retired',
      'dot_agent_api_contract',
      `update public.dot_agent_api_contract set contract_status = 'retired' where dot_code = 'DOT_KG_EXPLAIN'`,
      `update public.dot_agent_api_contract set contract_status = 'endpoint_bound' where dot_code = 'DOT_KG_EXPLAIN'`,
      'dot_agent_api_contract 1',
    ],
    [
      'another catalogue count',
      'meta_catalog',
      `update public.meta_catalog set record_count = 309 where code = 'CAT-006'`,
      `update public.meta_catalog set record_count = 163 where code = 'CAT-006'`,
      'CAT-006 record_count 309',
    ],
    [
      'ownership given already',
      'governance_object_ownership',
      `insert into public.governance_object_ownership (object, owner, authority) values ('x', 'y', 'z')`,
      'delete from public.governance_object_ownership',
      'governance_object_ownership 1',
    ],
    [
      'another tool under the same count',
      'dot_tools',
      `update public.dot_tools set name = 'dot-other' where code = 'DOT-062'`,
      `update public.dot_tools set name = 'dot-rollback' where code = 'DOT-062'`,
      'changed by no DOT since install dot_tools',
    ],
    [
      'gates open',
      'dot_runtime_gate',
      'update public.dot_runtime_gate set real_run_enabled = true, execute_enabled = true',
      'update public.dot_runtime_gate set real_run_enabled = false, execute_enabled = false',
      'dot_runtime_gate',
    ],
    [
      'a KG contract that may mutate',
      'dot_agent_api_contract',
      `update public.dot_agent_api_contract set no_mutation_assertion = false where dot_code = 'DOT_KG_EXPLAIN'`,
      `update public.dot_agent_api_contract set no_mutation_assertion = true where dot_code = 'DOT_KG_EXPLAIN'`,
      'dot_agent_api_contract',
    ],
    [
      'a canonical operation less',
      'apr_action_types',
      `update public.apr_action_types set status = 'inactive' where action_code = 'schema_ensure'`,
      `update public.apr_action_types set status = 'active' where action_code = 'schema_ensure'`,
      'apr_action_types',
    ],
  ])('%s', async (_title, table, change, back, named) => {
    await trial.tamper([`public.${table}`], change);
    const held = await trial.runtime.reader(['prewrite']);
    await trial.tamper([`public.${table}`], back);
    expect(failureOf(held)).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
    expect(held.stderr).toContain(named);
    expect((await ready()).code).toBe(READY);
  });

  test('another handler than the one that was bound', async () => {
    const to = (ref: string) =>
      trial.tamper(
        ['public.apr_action_types'],
        `update public.apr_action_types set handler_ref = '${ref}' where action_code = 'authorize_build_step'`,
      );
    await to('x');
    const held = await trial.runtime.reader(['prewrite']);
    await to(AUTHORIZE_HANDLER);
    expect(failureOf(held)).toEqual(failure(3, 'HOLD_DRIFT'));
    expect((await ready()).code).toBe(READY);
  });

  test('a schema c1 of somebody else', async () => {
    await trial.tamper([], 'create schema c1');
    const held = await trial.runtime.reader(['prewrite']);
    await trial.tamper([], 'drop schema c1');
    expect(failureOf(held)).toEqual(failure(3, 'HOLD_SURFACE_EXISTS'));
    expect((await ready()).code).toBe(READY);
  });
});

describe('a file that is other than known is a HOLD', () => {
  const MISMATCH = failure(3, 'HOLD_DOT_INTERFACE_MISMATCH');

  test.each([
    ['a house bin with one line more', 'bin/dot-dot-register'],
    ['the bin that has the handler with one line more', 'bin/dot-apr-execute'],
    ['a release that was altered', 'release/dot-c1-preflight'],
    ['a handler of the release that was altered', 'release/dot-apr-execute-authorize'],
    ['a migration of the release that was altered', 'release/migrations/bind-authorize_build_step-handler.sql'],
    ['a release that says something else', 'release/release.json'],
  ])('%s', async (_title, file) => {
    const place = join(trial.runtime.paths.dot, file);
    const [bytes, { mode }] = [await readFile(place), await stat(place)];
    const write = async (content: Buffer) => {
      await rm(place);
      await writeFile(place, content, { mode });
    };
    await write(Buffer.concat([bytes, Buffer.from('\n#')]));
    const held = await trial.runtime.reader(['prewrite']);
    await write(bytes);
    expect(failureOf(held)).toEqual(MISMATCH);
    expect((await ready()).code).toBe(READY);
  });

  test('a ninth file of C1 that no request brought', async () => {
    const stray = join(trial.runtime.paths.bin, 'dot-c1-extra');
    await writeFile(stray, '#!/bin/sh\n# DOT-CODE: DOT_C1_EXTRA\n', { mode: 0o555 });
    const held = await trial.runtime.reader(['prewrite']);
    await rm(stray);
    expect(failureOf(held)).toEqual(MISMATCH);
    expect(held.stderr).toContain('dot-c1-extra');
    expect((await ready()).code).toBe(READY);
  });
});

describe('without a write channel there is no verdict', () => {
  test.each([
    ['empty', () => ''],
    ['with one owner', (text: string) => text.replace(/^voter_owner_2 .*$/m, '')],
    [
      'with one key for two owners',
      (text: string) =>
        text.replace(
          /^voter_owner_2 (.*) \S+$/m,
          `voter_owner_2 $1 ${/^voter_owner_1 .* (\S+)$/m.exec(text)?.[1] ?? ''}`,
        ),
    ],
    ['without the operator', (text: string) => text.replace(/^operator_1 .*$/m, '')],
  ])('the list of signers is %s', async (_title, change) => {
    const copy = join(trial.runtime.stateDir, 'secrets-copy');
    await cp(trial.runtime.paths.secrets, copy, { recursive: true, dereference: true });
    const list = join(copy, 'ssh', 'allowed_signers');
    await writeFile(list, change(await readFile(list, 'utf8')));
    const held = await trial.withConfig({ secrets: '../../../../secrets-copy' }, () =>
      trial.runtime.reader(['prewrite']),
    );
    await rm(copy, { recursive: true });
    expect(failureOf(held)).toEqual(CHANNEL);
    expect((await ready()).code).toBe(READY);
  });

  const bin = (name: string) => join(trial.runtime.paths.bin, name);

  test.each(['dot-dot-register', 'dot-apr-propose', 'dot-apr-execute'])('%s cannot be run', async (name) => {
    await chmod(bin(name), 0o444);
    const held = await trial.runtime.reader(['prewrite']);
    await chmod(bin(name), 0o555);
    expect(failureOf(held)).toEqual(CHANNEL);
    expect(held.stderr).toContain(name);
    expect((await ready()).code).toBe(READY);
  });

  test.each(['dot_register', 'dot_310', 'ssh/operator_1', 'ssh/allowed_signers'])('%s is missing', async (secret) => {
    const copy = join(trial.runtime.stateDir, 'secrets-copy');
    await cp(trial.runtime.paths.secrets, copy, { recursive: true, dereference: true });
    await rm(join(copy, secret));
    const held = await trial.withConfig({ secrets: '../../../../secrets-copy' }, () =>
      trial.runtime.reader(['prewrite']),
    );
    await rm(copy, { recursive: true });
    expect(failureOf(held)).toEqual(CHANNEL);
    expect((await ready()).code).toBe(READY);
  });
});

test('what this program applied is folded in: applied, and reapply once it is retired', async () => {
  for (const name of ['baseline', 'schema']) await mustRun(trial, name, 'create');
  expect((await ready()).profile).toBe('applied');
  await mustRun(trial, 'schema', 'retire');
  expect((await ready()).profile).toBe('reapply');
});

test('c1 prewrite prints each fact and the verdict, in text and in JSON, and has the exit status of a HOLD', async () => {
  const { stateDir } = trial.runtime;
  const text = await runC1(stateDir, ['prewrite']);
  expect([text.exitCode, text.stderr]).toEqual([0, '']);
  expect(text.stdout).toMatch(/^live rows of dot_tools +309$/m);
  expect(text.stdout).toContain(`REHEARSAL ${READY}`);
  expect(text.stdout).toContain('LOCAL_STAGING_NOT_SSOT');
  const json = await runC1(stateDir, ['prewrite', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ code: READY, profile: 'reapply' });

  const bins = await readdir(trial.runtime.paths.bin);
  expect(bins).toContain('dot-apr-execute');
  await chmod(join(trial.runtime.paths.bin, 'dot-apr-execute'), 0o444);
  const held = await runC1(stateDir, ['prewrite']);
  await chmod(join(trial.runtime.paths.bin, 'dot-apr-execute'), 0o555);
  expect([held.exitCode, held.stdout]).toEqual([3, '']);
  expect(held.stderr).toMatch(/^C1_DRYRUN_HOLD_REGISTRAR_EXECUTION_CHANNEL_MISSING: /);
});
