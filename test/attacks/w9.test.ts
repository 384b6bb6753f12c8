import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPlannedDeltas } from '../../components/input-files.ts';
import { canonicalJson, type Json } from '../../domain/canonical.ts';
import type { EvidenceOrder } from '../../domain/evidence/order.ts';
import { EVIDENCE_FOLDER } from '../../domain/evidence/record.ts';
import { plannedBySteps } from '../../domain/planned-deltas.ts';
import { signersHere } from '../../dots/evidence/package.ts';
import { documentBytes } from '../../review/evidence/package.ts';
import { verifyPackage } from '../../review/evidence/verify.ts';
import { EVIDENCER } from '../../runtime/bin-build.ts';
import { failure, failureOf, mustRun, run, STACK, STEPS } from '../dots/support/rows.ts';
import type { Trial } from '../dots/support/trial.ts';
import { createWholeTrial, type ReadyTrial } from '../readiness/support/ready.ts';
import type { BinResult } from '../support/runtime.ts';

/** W9's attack: drift that is hidden in the evidence. */
let ready: ReadyTrial;
let trial: Trial;
/** W9's order as the program sends it, which reads what is planned. */
let order: EvidenceOrder;
beforeAll(async () => {
  const planned = plannedBySteps(
    await readPlannedDeltas('planned-deltas.yaml'),
    STEPS.slice(0, -1).map(({ id }) => id),
  );
  order = { ...(STEPS.at(-1)?.first?.[0]?.request as unknown as EvidenceOrder), planned };
  ready = await createWholeTrial();
  trial = ready.trial;
}, 180_000);
afterAll(() => ready?.dispose());

const folder = () => path.join(trial.runtime.paths.state, EVIDENCE_FOLDER, STACK);
const keys = () => signersHere(trial.runtime.paths.secrets);
const verify = () => verifyPackage(folder(), { keys: keys(), stack: STACK, state: null });

async function makePackage(request: unknown = order): Promise<BinResult> {
  const file = path.join(trial.runtime.paths.reader, EVIDENCER);
  const ended = await execa(file, [], { reject: false, input: canonicalJson(request as Json) });
  return { exitCode: ended.exitCode ?? -1, stdout: ended.stdout, stderr: ended.stderr };
}

async function mustMakePackage(): Promise<string> {
  const { exitCode, stdout, stderr } = await makePackage();
  expect([stderr, exitCode]).toEqual(['', 0]);
  return JSON.parse(stdout).digest;
}

/** W9's gate as the program asks it; what it counts of other steps is none of its business here. */
function gate(): Promise<BinResult> {
  const stdin = { expected: { kb_document: 1, dot_ledger: 1 }, checks: ['evidence'] };
  return trial.runtime.reader(['gate', '--step', 'W9'], { stdin });
}

async function halted(): Promise<Readonly<Record<string, unknown>>> {
  const { exitCode, stdout, stderr } = await gate();
  expect([stderr, exitCode]).toEqual(['', 0]);
  return JSON.parse(stdout);
}

describe('the package of a whole runtime', () => {
  test('is made without a row written, verified, entered, and then it is HALT', async () => {
    const before = await trial.fingerprint();
    const digest = await mustMakePackage();
    expect(await trial.fingerprint()).toBe(before);
    const { verified, digest: seen, document } = verify();
    expect(seen).toBe(digest);
    expect(verified.find(({ name }) => name === 'checks')?.checked).toBeGreaterThan(14);
    expect(document.readback.surfaces.length).toBeGreaterThan(20);
    await mustRun(trial, 'evidence', 'create');
    expect(await halted()).toMatchObject({
      code: 'GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION',
      verdict: 'REHEARSAL GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION',
      digest,
    });
  });

  test('holds no secret and no path of this machine, and says on every page that it is staging', () => {
    const secrets = secretsOf(trial.runtime.paths.secrets);
    expect(secrets.length).toBeGreaterThan(30);
    for (const name of readdirSync(folder())) {
      const text = readFileSync(path.join(folder(), name), 'utf8');
      const plain = name.endsWith('.dsse.json') ? Buffer.from(JSON.parse(text).payload, 'base64').toString() : text;
      expect(secrets.filter((secret) => plain.includes(secret))).toEqual([]);
      for (const place of [trial.runtime.paths.state, process.cwd(), '/home/', '/tmp/']) {
        expect([name, plain.includes(place)]).toEqual([name, false]);
      }
      if (name !== 'manifest.json') expect(plain).toContain('LOCAL_STAGING_NOT_SSOT');
    }
    writeFileSync(path.join(folder(), 'canary'), secrets[0] ?? '');
    expect(readFileSync(path.join(folder(), 'canary'), 'utf8')).toBe(secrets[0]);
    rmSync(path.join(folder(), 'canary'));
  });
});

describe('drift hidden in the evidence', () => {
  test('stops the package before it is made, and the one before stays', async () => {
    const { digest } = verify();
    const note = "update public.species set description = description || '!' where code = 'gov-canonical-op-vocab'";
    const back =
      "update public.species set description = rtrim(description, '!') where code = 'gov-canonical-op-vocab'";
    await trial.tamper(['public.species'], note);
    expect(failureOf(await makePackage())).toEqual(failure(3, 'HOLD_DRIFT'));
    await trial.tamper(['public.species'], back);
    expect(verify().digest).toBe(digest);
    await mustMakePackage();
  });

  test('stops it where rows are other than planned', async () => {
    const planned = { ...order.planned, W4: { ...order.planned.W4, dot_tools: 9 } };
    expect(failureOf(await makePackage({ ...order, planned }))).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
  });

  test('is no HALT: another package than was entered, an edited one, one less file, none, or a retired entry', async () => {
    // The runtime has moved on since the entry: its package is another one.
    expect(failureOf(await gate())).toEqual(failure(3, 'HOLD_EVIDENCE_STALE'));
    await mustRun(trial, 'evidence', 'retire');
    expect(failureOf(await gate()).code).toBe('HOLD_COUNTER_DRIFT');
    await mustMakePackage();
    await mustRun(trial, 'evidence', 'create');
    await halted();
    const kept = `${folder()}.kept`;
    cpSync(folder(), kept, { recursive: true });

    const file = path.join(folder(), 'evidence.json');
    const { document } = verify();
    writeFileSync(
      file,
      documentBytes({ ...document, verdict: 'GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION' }),
    );
    expect(failureOf(await gate())).toEqual(failure(4, 'REJECT_EVIDENCE_ALTERED'));
    rmSync(file);
    expect(failureOf(await gate())).toEqual(failure(4, 'REJECT_EVIDENCE_FILE_MISSING'));
    rmSync(folder(), { recursive: true });
    expect(failureOf(await gate())).toEqual(failure(3, 'HOLD_EVIDENCE_MISSING'));

    cpSync(kept, folder(), { recursive: true });
    await halted();
    rmSync(kept, { recursive: true });
  });

  test('is not entered past the DOT: by raw SQL, by its gateway function alone, or by another DOT', async () => {
    const before = await trial.fingerprint();
    const row = "'c1-readiness-evidence', 9, 'x', '{}', repeat('a', 64), 'current'";
    const raw = `insert into public.kb_document (doc_id, revision, title, body, sha256, status) values (${row})`;
    const call = `select iu_core.kb_document_insert(row('c1-readiness-evidence', 9, 'x', '{}', repeat('a', 64), repeat('a', 64), 'current', now())::public.kb_document)`;
    const attempt = async (login: string, sql: string) => {
      const pool = await trial.runtime.pool(login);
      return pool.query(sql).then(
        () => 'done',
        (error: { message: string; code: string }) => `${error.code} ${error.message}`,
      );
    };
    expect(await attempt('postgres', raw)).toContain('GOVERNED_C1_DRYRUN_REJECT_DOT_BYPASS');
    for (const login of ['postgres', 'dot_kb_write']) {
      expect(await attempt(login, call)).toContain('GOVERNED_C1_DRYRUN_REJECT_DOT_BYPASS');
    }
    expect(await attempt('dot_species_register', call)).toContain('42501');
    expect(await attempt('dot_kb_write', raw)).toContain('42501');
    expect(await trial.fingerprint()).toBe(before);
    expect((await run(trial, 'evidence', 'create')).exitCode).toBe(0);
  });
});

/** Passwords and private keys, whole and by their longest line. */
function secretsOf(place: string): readonly string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.pub') && !/signers/.test(entry.name))
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8').trim().split('\n'))
    .map((lines) => lines.toSorted((left, right) => right.length - left.length)[0] ?? '')
    .filter((line) => line.length > 11 && existsSync(place));
}
