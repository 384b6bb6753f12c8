import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pWaitFor from 'p-wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { enterDecision } from '../../cli/approve/enter.ts';
import { assertCounts } from '../../cli/approve/sign.ts';
import { sha256Hex } from '../../domain/canonical.ts';
import type { PlanDocument } from '../../domain/planning/document.ts';
import type { StepId } from '../../domain/steps/step.ts';
import { keyFileOf, signersOf } from '../../dots/kernel/ssh.ts';
import { approvePlan, decide, planOf, signed } from '../support/approvals.ts';
import { createTestProject, type Ended, type TestProject } from '../support/project.ts';

/**
 * A stack whose owners have to approve each step, on the real engine: what is not approved is not written, and what is
 * approved is applied in one go, with the votes on its requests. The tests build on each other, as a stack grows.
 */
let project: TestProject;
let plan: PlanDocument;
const [ONE, TWO] = ['voter_owner_1', 'voter_owner_2'] as const;
beforeAll(async () => {
  project = await createTestProject(undefined, { approvals: 'required', quorum: 2 });
  await project.through('W2');
  plan = await planOf(project);
});
afterAll(() => project?.dispose());

const up = () => project.pulumi('up', '--yes', '--skip-preview');
const steps = (...ids: readonly StepId[]) => ({ steps: ids });

/** Runs that steps made. */
async function written(): Promise<readonly string[]> {
  const sql = `select distinct step as v from iu_core.dot_run where kind = 'step' and outcome = 'applied' order by 1`;
  return (await project.query<{ v: string }>(sql)).map(({ v }) => v);
}

function refusal({ exitCode, all }: Ended): readonly unknown[] {
  const [, code, seen] = /([A-Z][A-Z0-9_]+): seen (.*?), expected/.exec(all) ?? [];
  return [exitCode === 0, code, seen];
}

test('nobody approved: an up stops before the first write, and says whom to ask', async () => {
  const ended = await up();
  expect(refusal(ended)).toEqual([false, 'HOLD_PLAN_NOT_APPROVED', 'BASELINE with 0 of 2 approvals']);
  expect(ended.all).toContain('npx c1 approve --as <owner>');
  expect(await written()).toEqual([]);
});

test('a decision with the key of whoever runs the program, of nobody, or of another owner is none', async () => {
  const signers = signersOf(project.runtime.paths.secrets);
  const own = keyFileOf(signers, 'operator_1');
  expect(() => signed(project, plan, { keyFile: own })).toThrow(/REJECT_UNKNOWN_SIGNER.*operator_1/);
  expect(() => signed(project, plan, { approver: 'operator_1' })).toThrow(/REJECT_SELF_APPROVAL/);
  expect(() => signed(project, plan, { keyFile: keyFileOf(signers, TWO) })).toThrow(/REJECT_UNKNOWN_SIGNER/);
  expect(() => signed(project, plan, { keyFile: join(project.folder, 'no-key') })).toThrow(/REJECT_UNKNOWN_SIGNER/);
  expect(signed(project, plan).statement.approver).toBe(ONE);
});

test('what was edited after it was signed is none', async () => {
  const signers = signersOf(project.runtime.paths.secrets);
  const good = signed(project, plan, steps('BASELINE'));
  const edited = { ...good, statement: { ...good.statement, steps: signed(project, plan).statement.steps } };
  expect(() => assertCounts(signers, edited)).toThrow(/REJECT_APR_ALTERED/);
  // Entered past the command line it counts for nothing.
  await enterDecision(project.runtime.stateDir, edited);
  await decide(project, plan, { approver: TWO });
  const ended = await up();
  expect(refusal(ended)[1]).toBe('HOLD_PLAN_NOT_APPROVED');
  expect(ended.all).toMatch(/BASELINE with 1 of 2 approvals \(voter_owner_2\); voter_owner_1: REJECT_APR_ALTERED/);
  expect(await written()).toEqual([]);
  expect(() => assertCounts(signers, good)).not.toThrow();
});

test('an approval is over when its time is', async () => {
  const soon = new Date(Date.now() + 1_500);
  await decide(project, plan, { ...steps('BASELINE'), expires_at: soon.toISOString() });
  await pWaitFor(() => Date.now() > soon.getTime() + 100);
  const ended = await up();
  expect(ended.all).toMatch(/HOLD_PLAN_NOT_APPROVED.*voter_owner_1: until .* which is over/);
  expect(await written()).toEqual([]);
});

test('step by step: what both approved is applied, and the next step waits', async () => {
  await decide(project, plan, { approver: ONE, ...steps('BASELINE', 'H1') });
  const ended = await up();
  expect(refusal(ended)).toEqual([false, 'HOLD_PLAN_NOT_APPROVED', expect.stringMatching(/^H2 with 1 of 2/)]);
  // With the votes that went with it: nobody was asked for a second ceremony.
  expect(await written()).toEqual(['BASELINE', 'H1']);
});

test('what moved between approval and up stops: by a DOT, and by a superuser', async () => {
  await approvePlan(project, plan);
  const row = plan.steps.flatMap(({ rows }) => rows).find(({ create }) => create.startsWith('dot-species-register '));
  const [bin = '', ...words] = (row?.create ?? '').split(' ');
  // The very row of the plan, by hand: the runtime holds it against what the owners approved.
  const payload = { ...(row?.payload as object), description: 'Another one.' };
  const other = await project.runtime.bin(bin, words, { stdin: payload });
  expect(other.stderr).toMatch(
    /^HOLD_PRESTATE_MOVED: seen delta [0-9a-f]{64} of \S+ in W2, expected delta [0-9a-f]{64}/,
  );
  const claimed = words.map((word) => word.replace(/^dryrun\//, 'other/'));
  const foreign = await project.runtime.bin(bin, claimed, { stdin: row?.payload });
  expect(foreign.stderr).toMatch(/^HOLD_PLAN_NOT_APPROVED/);
  const table = 'public.meta_catalog';
  await project.behindTheGuards(table, `update ${table} set record_count = record_count + 1 where code = 'CAT-006'`);
  const moved = await up();
  expect(refusal(moved)[0]).toBe(false);
  await project.behindTheGuards(table, `update ${table} set record_count = record_count - 1 where code = 'CAT-006'`);
  expect(await written()).toEqual(['BASELINE', 'H1']);
});

test('a bin or a program that changed after the plan is not what was approved', async () => {
  const file = join(project.folder, 'payloads', 'species.json');
  const original = await readFile(file, 'utf8');
  await writeFile(file, original.replace(/"name": "/, '"name": "New '));
  const changed = await up();
  await writeFile(file, original);
  // Steps whose definition is the approved one go on; the changed one does not.
  expect(refusal(changed)).toEqual([false, 'HOLD_PLAN_NOT_APPROVED', expect.stringMatching(/^W2 with 0 of 2/)]);
  const bin = join(project.runtime.paths.bin, 'dot-admission-record');
  const bytes = await readFile(bin);
  await appendFile(bin, '\n');
  expect(refusal(await up())[1]).toBe('HOLD_DOT_INTERFACE_MISMATCH');
  // Installed as a start installs it, it is a bin like any other, and not the one of the plan.
  await recordBin('dot-admission-record', sha256Hex(await readFile(bin)));
  const other = await up();
  expect(refusal(other)).toEqual([false, 'HOLD_PLAN_NOT_APPROVED', expect.stringMatching(/^W2 with 0 of 2/)]);
  expect(other.all).toContain('voter_owner_2: approved with other bins than are installed now');
  await writeFile(bin, bytes);
  await recordBin('dot-admission-record', sha256Hex(bytes));
});

/** As an install records it. */
async function recordBin(name: string, sha256: string): Promise<void> {
  const client = await (await project.runtime.pool('postgres')).connect();
  try {
    await client.query('set event_triggers = off');
    await client.query(
      `select iu_core.record_install('state', $2, i.guard_digest, i.bins || jsonb_build_object($1::text, $2::text))
         from iu_core.install i where i.bins is not null order by i.seq desc limit 1`,
      [name, sha256],
    );
  } finally {
    client.release(true);
  }
}

test('with the approval it applies just that, without a second ceremony', async () => {
  const ended = await up();
  expect(ended.exitCode, ended.all).toBe(0);
  const approved = plan.steps.flatMap(({ rows }) => rows.filter(({ deltas }) => deltas.length > 0));
  const sql = `select delta_digest as v from iu_core.dot_run where kind in ('step', 'propose') and outcome = 'applied' order by 1`;
  const seen = (await project.query<{ v: string }>(sql)).map(({ v }) => v);
  expect(seen).toEqual(approved.map(({ delta_digest }) => delta_digest).toSorted());
  // Again there is nothing to do, and nothing to ask.
  expect((await up()).all).toMatch(/unchanged/);
});

test('a denial is final for those very rows', async () => {
  await project.edit('Pulumi.dryrun.yaml', (text) => text.replace('c1:through: W2', 'c1:through: W3'));
  const next = await planOf(project);
  await decide(project, next, { approver: TWO, decision: 'deny', ...steps('W3') });
  await expect(decide(project, next, { ...steps('W3') })).rejects.toThrow(
    /REJECT_PLAN_DENIED.*W3, which voter_owner_2 denied/,
  );
  const ended = await up();
  expect(refusal(ended)).toEqual([
    false,
    'HOLD_PLAN_NOT_APPROVED',
    expect.stringMatching(/^W3 with a denial by voter_owner_2/),
  ]);
  await project.edit('Pulumi.dryrun.yaml', (text) => text.replace('c1:through: W3', 'c1:through: W2'));
});

test('a destroy without approval retires nothing', async () => {
  const destroy = () => project.pulumi('destroy', '--yes', '--skip-preview');
  const before = await project.snapshot();
  expect(refusal(await destroy())).toEqual([
    false,
    'HOLD_PLAN_NOT_APPROVED',
    expect.stringMatching(/^the retire of W2 with 0 of 2/),
  ]);
  expect(await project.snapshot()).toEqual(before);
});
