import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPlannedDeltas } from '../../components/input-files.ts';
import { sha256Hex } from '../../domain/canonical.ts';
import { C1_DOT_CODES } from '../../domain/dots.ts';
import { plannedBySteps } from '../../domain/planned-deltas.ts';
import { type EvidenceReadback, evidenceReadback, readbackSummary } from '../../domain/readiness/readback.ts';
import { checkAnswer } from '../../domain/readiness/readback-checks.ts';
import { STEP_IDS } from '../../domain/steps/step.ts';
import { SURFACE_NAMES } from '../../domain/surfaces.ts';
import { startExecutor, stopExecutor } from '../../runtime/executor.ts';
import { SILENT } from '../../runtime/reporter.ts';
import { GrantTrial } from '../authority/support/grant-trial.ts';
import { spend } from '../authority/support/raw.ts';
import { GRANTS, whileChanged } from '../dots/support/authority.ts';
import { liveCode, ownSecrets } from '../dots/support/registrar.ts';
import { failure, failureOf, printed } from '../dots/support/rows.ts';
import { createTrial, type Trial } from '../dots/support/trial.ts';
import { HASH } from '../executor/support/c1-runtime.ts';
import { createWholeTrial, type ReadyTrial } from './support/ready.ts';

const BIN = 'dot-c1-evidence-readback';

interface Asked {
  readonly definitions: Readonly<Record<string, string>>;
  readonly grant_generation: number;
  readonly evidence_generation: number;
  readonly planned: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

let ready: ReadyTrial;
let trial: Trial;
let before: string;
let request: Asked;
beforeAll(async () => {
  ready = await createWholeTrial();
  trial = ready.trial;
  before = await trial.fingerprint();
  const planned = plannedBySteps(
    await readPlannedDeltas('planned-deltas.yaml'),
    // The evidence is read before it is entered.
    STEP_IDS.filter((id) => id !== 'W9'),
  );
  request = { definitions: { W7: 'a'.repeat(64) }, grant_generation: 1, evidence_generation: 1, planned };
}, 180_000);
afterAll(() => ready?.dispose());

const readback = (stdin?: unknown, ...flags: readonly string[]) =>
  trial.runtime.bin(BIN, ['--cloud', ...flags], stdin === undefined ? {} : { stdin });

async function whole(stdin: unknown = request): Promise<EvidenceReadback> {
  const answer = await readback(stdin, '--whole');
  expect([answer.stderr, answer.exitCode]).toEqual([answer.stderr, 0]);
  return evidenceReadback.parse(printed(answer).readback);
}

test('reads everything in one snapshot, with how much of it was checked, and writes nothing', async () => {
  const { checks, surfaces, manifest, lifecycle, ...found } = await whole();
  expect(found.verdict).toBe('REHEARSAL READBACK WHOLE');
  const { planned: _, ...provenFor } = request;
  expect(found.proven_for).toEqual(provenFor);
  expect(checks.map(({ name }) => name)).toEqual([
    ...['integrity', 'surfaces', 'plan', 'ledger chain', 'runs', 'rows', 'gates', 'manifest', 'lifecycle'],
    ...['bins', 'tools', 'executor', 'grant', 'approvals'],
  ]);
  expect(surfaces.map(({ surface }) => surface).toSorted()).toEqual(SURFACE_NAMES.filter((one) => one !== 'baseline'));
  const tools = surfaces.find(({ surface }) => surface === 'dot_tools');
  expect(tools).toMatchObject({ before: 309, planned: 8, applied: 8, expected: 317, observed: 317 });
  expect([sha256Hex(manifest.bytes), ...Object.values(manifest.hashes)]).toEqual([HASH, HASH, HASH, HASH]);
  expect(manifest.operations).toBe(14);
  expect(lifecycle.dots.map(({ dot_code }) => dot_code).toSorted()).toEqual(C1_DOT_CODES.toSorted());
  expect(lifecycle.dots.every(({ missing, reuse_reason }) => missing.length === 0 && reuse_reason !== '')).toBe(true);
  expect(found.gates).toEqual({ dry_run_only: true, execute_enabled: false, real_run_enabled: false });
  expect(found.tools).toHaveLength(8);
  expect(found.grants).toHaveLength(1);
  expect(found.approvals.requests.map(({ votes, quorum }) => [votes.length, quorum])).toEqual(Array(3).fill([2, true]));
  expect(found.steps.find(({ step }) => step === 'W2')).toMatchObject({ runs: 25, planned: { dot_ledger: 25 } });
  expect(await trial.fingerprint()).toBe(before);
});

test('without --whole it says what Pulumi can take: the counts, the checks, what to hold against', async () => {
  const answer = await readback(request);
  expect(Buffer.byteLength(answer.stdout)).toBeLessThan(16 * 1024);
  const said = readbackSummary.parse(printed(answer).readback);
  expect(said.surfaces).toHaveLength(SURFACE_NAMES.length - 1);
  expect(said.manifest_hash).toBe(HASH);
  expect(said.checks.length).toBeGreaterThan(10);
});

test('a person who gives no plan is told so', async () => {
  const { verdict, checks, proven_for, surfaces } = await whole('');
  expect([verdict, proven_for]).toEqual(['REHEARSAL READBACK WHOLE, held against no plan', null]);
  expect(checks.some(({ name }) => name === 'plan')).toBe(false);
  expect(surfaces.every(({ planned }) => planned === null)).toBe(true);
});

describe('held against a plan', () => {
  const planning = (step: string, rows: Readonly<Record<string, number>>) => ({
    ...request,
    planned: { ...request.planned, [step]: { ...request.planned[step], ...rows } },
  });

  test.each([
    ['W4', { dot_tools: 7 }, 'dot_tools in W4: 8 rows, expected 7 rows'],
    ['W4', { dot_tools: 9 }, 'dot_tools in W4: 8 rows, expected 9 rows'],
    ['W2', { kb_document: 1 }, 'kb_document in W2: 0 rows, expected 1 rows'],
    ['W6', { executor_image: 0 }, 'executor_image in W6: 1 rows, expected 0 rows'],
  ])('%s of %o: the counter that is off is named', async (step, rows, said) => {
    const refused = await readback(planning(step, rows));
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
    expect(refused.stderr).toContain(said);
    await whole();
  });

  test('a step that nobody planned is no step of it', async () => {
    const { W5: _, ...without } = request.planned;
    const refused = await readback({ ...request, planned: without });
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
    expect(refused.stderr).toContain('in W5');
  });
});

describe('a runtime in which something is wrong', () => {
  test.each([
    ['public.dot_runtime_gate', 'execute_enabled = true', 'HOLD_COUNTER_DRIFT', 'dot_runtime_gate'],
    ['public.table_registry', `status = 'archived'`, 'HOLD_DRIFT', 'table_registry'],
    ['public.dot_ledger', `image_hash = repeat('a', 64)`, 'HOLD_LEDGER_CHAIN_BROKEN', 'entry 1'],
    [GRANTS, `manifest_hash = repeat('a', 64)`, 'HOLD_DRIFT', 'governance_build_authorization'],
    ['public.meta_catalog', 'record_count = 1', 'HOLD_DRIFT', 'CAT-006'],
    ['public.kb_document', `title = 'another'`, 'HOLD_COUNTER_DRIFT', 'kb_document'],
  ] as const)('%s with %s is no evidence', async (table, change, code, said) => {
    await whileChanged(trial, table, change, async () => {
      const refused = await readback(request, '--whole');
      expect([refused.stderr, failureOf(refused)]).toEqual([refused.stderr, failure(3, code)]);
      expect(refused.stderr).toContain(said);
    });
    await whole();
  });

  test('a vote that is no longer what its voter signed', async () => {
    const where = `voter = 'voter_owner_1'`;
    await GrantTrial.of(trial).whileSo('public.apr_approvals', `decision = 'deny'`, where, async () => {
      expect(failureOf(await readback(request))).toEqual(failure(3, 'HOLD_DRIFT'));
    });
    await whole();
  });

  test('a signer whose key is another than the one that signed', async () => {
    const file = join(await ownSecrets(trial.runtime), 'allowed_signers');
    const kept = readFileSync(file, 'utf8');
    const names = { voter_owner_1: 'voter_owner_2', voter_owner_2: 'voter_owner_1' } as const;
    writeFileSync(
      file,
      kept.replaceAll(/voter_owner_[12]/g, (name) => names[name as keyof typeof names]),
    );
    expect(failureOf(await readback(request))).toEqual(failure(4, 'REJECT_UNKNOWN_SIGNER'));
    writeFileSync(file, kept);
    expect((await whole()).approvals.allowed_signers).toBe(kept);
  });

  test('no executor answers', async () => {
    await stopExecutor(trial.runtime.paths);
    expect(failureOf(await readback(request))).toEqual(failure(1, 'ERROR_EXECUTOR_UNHEALTHY'));
    await startExecutor(trial.runtime.paths, SILENT);
    await whole();
  });

  test('before anything is recorded there is no baseline to hold it against', async () => {
    const bare = await createTrial();
    const refused = await bare.runtime.bin(BIN, ['--cloud']);
    await bare.dispose();
    expect(failureOf(refused)).toEqual(failure(3, 'HOLD_BASELINE_MISSING'));
  });
});

test.each([
  ['a list', []],
  ['without a plan', { definitions: {}, grant_generation: 1, evidence_generation: 1 }],
  ['another field', { definitions: {}, grant_generation: 1, evidence_generation: 1, planned: {}, more: 1 }],
  ['no step', { definitions: {}, grant_generation: 1, evidence_generation: 1, planned: { W99: {} } }],
  ['no surface', { definitions: {}, grant_generation: 1, evidence_generation: 1, planned: { W4: { nothing: 1 } } }],
])('a request that is %s is refused', async (_title, stdin) => {
  expect(failureOf(await readback(stdin))).toEqual(failure(1, 'ERROR_PAYLOAD_INVALID'));
});

describe('the answer can be checked again without the runtime', () => {
  const stopped = (code: string) => expect.objectContaining({ code });

  test('and an altered one is found', async () => {
    const good = await whole();
    expect(checkAnswer(good).every(({ checked }) => checked > 0)).toBe(true);
    const altered = (change: (copy: EvidenceReadback) => void) => {
      const copy = structuredClone(good);
      change(copy);
      return () => checkAnswer(copy);
    };
    const counter = altered(({ surfaces: [first] }) => Object.assign(first ?? {}, { observed: 1_000 }));
    expect(counter).toThrow(stopped('HOLD_COUNTER_DRIFT'));
    const digest = altered(({ surfaces: [first] }) => Object.assign(first ?? {}, { digest_undone: 'b'.repeat(64) }));
    expect(digest).toThrow(stopped('HOLD_COUNTER_DRIFT'));
    const entry = altered(({ ledger }) => Object.assign(ledger.chain[60] ?? {}, { dot_code: 'DOT-015' }));
    expect(entry).toThrow(stopped('HOLD_LEDGER_CHAIN_BROKEN'));
    expect(altered(({ ledger }) => void ledger.chain.pop())).toThrow(stopped('HOLD_LEDGER_CHAIN_BROKEN'));
    expect(altered(({ ledger }) => void ledger.chain.shift())).toThrow(stopped('HOLD_LEDGER_CHAIN_BROKEN'));
    const run = altered(({ runs }) => Object.assign(runs[20]?.deltas[0] ?? {}, { key: 'another' }));
    expect(run).toThrow(stopped('HOLD_DRIFT'));
    expect(altered(({ runs }) => void runs.reverse())).toThrow(stopped('HOLD_DRIFT'));
    const row = altered(({ rows }) => Object.assign(rows[0] ?? {}, { seen_sha256: 'b'.repeat(64) }));
    expect(row).toThrow(stopped('HOLD_DRIFT'));
    const gate = altered(({ gates }) => Object.assign(gates, { real_run_enabled: true }));
    expect(gate).toThrow(stopped('C1_PROD_REAL_RUN_BLOCKED'));
    const bytes = altered(({ manifest }) => Object.assign(manifest, { bytes: `${manifest.bytes} ` }));
    expect(bytes).toThrow(stopped('HOLD_MANIFEST_NOT_REPRODUCED'));
    const life = altered(({ lifecycle }) => void lifecycle.dots.pop());
    expect(life).toThrow(stopped('C1_GRANT_ISSUER_HOLD_DOT_LIFECYCLE_INCOMPLETE'));
    const planned = altered(({ steps }) =>
      Object.assign(steps.find(({ step }) => step === 'W4') ?? {}, { planned: {} }),
    );
    expect(planned).toThrow(stopped('HOLD_COUNTER_DRIFT'));
  });
});

test('a grant that was used stays part of it', async () => {
  const it = GrantTrial.of(trial);
  await spend(it, await liveCode(trial.runtime, 'GRANT'));
  const { grants, steps, checks } = await whole();
  expect(grants).toEqual([expect.objectContaining({ status: 'consumed' })]);
  expect(steps.find(({ step }) => step === 'CONSUME')).toMatchObject({ planned: null, runs: 1 });
  expect(checks.find(({ name }) => name === 'grant')?.checked).toBe(6);
});
