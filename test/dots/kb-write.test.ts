import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EVIDENCE_DOCUMENT, EVIDENCE_FOLDER, evidenceRecordOf } from '../../domain/evidence/record.ts';
import { EVIDENCE_ENVELOPE } from '../../domain/evidence/statement.ts';
import { packageDigest } from '../../dots/evidence/folder.ts';
import type { EvidenceDocument } from '../../review/evidence/document.ts';
import { packageOf, writePackage } from '../../review/evidence/package.ts';
import { documentOf, keyPair } from '../review/support/evidence.ts';
import { codeOf, failure, failureOf, mustRun, printed, STACK } from './support/rows.ts';
import { createTrial, type Trial } from './support/trial.ts';

const BIN = 'dot-kb-write';
const TABLE = 'public.kb_document';

let trial: Trial;
beforeAll(async () => {
  trial = await createTrial();
  await mustRun(trial, 'baseline', 'create');
});
afterAll(() => trial?.dispose());

const folder = () => path.join(trial.runtime.paths.state, EVIDENCE_FOLDER, STACK);
const operatorKey = () => readFileSync(path.join(trial.runtime.paths.secrets, 'ssh', 'operator_1'), 'utf8');

/** Evidence of a generation of the grant, as W9 would observe it on this stack. */
function observed(generation: number): EvidenceDocument {
  const document = documentOf();
  const proven_for = { ...document.order.proven_for, grant_generation: generation };
  const baseline = { ...document.readback.baseline, stack: STACK };
  return { ...document, order: { ...document.order, proven_for }, readback: { ...document.readback, baseline } };
}

function recordOf({ order, readback }: EvidenceDocument) {
  const body = evidenceRecordOf(order.proven_for, readback.manifest.hashes.node);
  return { doc_id: EVIDENCE_DOCUMENT, title: 'Evidence', body };
}

/** Puts the package there. @returns its digest */
function packaged(generation: number, key = operatorKey(), change: Partial<EvidenceDocument> = {}): string {
  writePackage(folder(), packageOf({ ...observed(generation), ...change }, key));
  return packageDigest(readFileSync(path.join(folder(), EVIDENCE_ENVELOPE)));
}

function write(generation: number, ...flags: readonly string[]) {
  const args = `--cloud --step W9 --for ${STACK}/evidence --doc ${EVIDENCE_DOCUMENT}`.split(' ');
  return trial.runtime.bin(BIN, [...args, ...flags], { stdin: recordOf(observed(generation)) });
}

/** Revisions as the knowledge base shows them, and what their own rows say. */
function revisions(): Promise<readonly string[]> {
  return trial.value(
    `select coalesce(jsonb_agg(k.revision || ' ' || k.status || ' ' || t.status || ' ' || coalesce(left(k.package_sha256, 8), 'none')
       order by k.revision), '[]') as v from iu_core.v_kb_document k join ${TABLE} t using (doc_id, revision) where k.doc_id = $1`,
    [EVIDENCE_DOCUMENT],
  );
}

const counted = () => trial.value("select iu_core.step_deltas() -> 'W9' as v");
const integrity = () =>
  trial.value(`select jsonb_build_array(iu_core.verify_ledger(), to_jsonb(iu_core.moved_surfaces()),
    (select count(*) from iu_core.claim_drift())) as v`);

async function refused(result: ReturnType<typeof write>, exitCode: number, code: string): Promise<void> {
  expect(failureOf(await result)).toEqual(failure(exitCode, code));
}

describe('a document of the knowledge base', () => {
  test('is written with the digest of its package, superseded by a newer one, and retired by one more', async () => {
    const first = packaged(1);
    expect(printed(await write(1, '--dry-run')).deltas.map(({ op, key }) => `${op} ${key}`)).toEqual([
      `insert ${EVIDENCE_DOCUMENT}/1`,
      `insert kb_document/${EVIDENCE_DOCUMENT}/1`,
    ]);
    expect(await revisions()).toEqual([]);
    expect(codeOf(await write(1))).toBe('OK_APPLIED');
    expect(codeOf(await write(1))).toBe('NOOP_ALREADY_THERE');
    expect(await revisions()).toEqual([`1 current current ${first.slice(0, 8)}`]);
    expect(await counted()).toEqual({ kb_document: 1, dot_ledger: 1 });

    const second = packaged(2);
    expect(codeOf(await write(2))).toBe('OK_APPLIED');
    expect(await revisions()).toEqual([
      `1 superseded current ${first.slice(0, 8)}`,
      `2 current current ${second.slice(0, 8)}`,
    ]);
    expect(await counted()).toEqual({ kb_document: 1, dot_ledger: 1 });

    expect(codeOf(await write(2, '--retire'))).toBe('OK_APPLIED');
    expect(codeOf(await write(2, '--retire'))).toBe('NOOP_NOT_OURS');
    expect(await revisions()).toEqual([
      `1 superseded current ${first.slice(0, 8)}`,
      `2 superseded current ${second.slice(0, 8)}`,
      '3 retired retired none',
    ]);
    expect(await counted()).toMatchObject({ kb_document: 0 });

    expect(codeOf(await write(2))).toBe('OK_APPLIED');
    expect((await revisions()).at(-1)).toBe(`4 current current ${second.slice(0, 8)}`);
    expect(await integrity()).toEqual([null, [], 0]);
  });

  test('of another stack stays as it is', async () => {
    packaged(2);
    const args = `--cloud --step W9 --for other/evidence --doc ${EVIDENCE_DOCUMENT}`.split(' ');
    const before = await trial.fingerprint();
    await refused(trial.runtime.bin(BIN, args, { stdin: recordOf(observed(3)) }), 3, 'HOLD_CLAIMED_ELSEWHERE');
    expect(codeOf(await trial.runtime.bin(BIN, [...args, '--retire']))).toBe('NOOP_NOT_OURS');
    expect(await trial.fingerprint()).toBe(before);
  });

  test('changed by hand is a HOLD, not a new revision', async () => {
    packaged(5);
    await trial.tamper(
      [TABLE],
      `update ${TABLE} set title = 'other' where status = 'current' and doc_id = '${EVIDENCE_DOCUMENT}'`,
    );
    await refused(write(5), 3, 'HOLD_DRIFT');
    await trial.tamper(
      [TABLE],
      `update ${TABLE} set title = 'Evidence' where status = 'current' and doc_id = '${EVIDENCE_DOCUMENT}'`,
    );
    expect(codeOf(await write(5))).toBe('OK_APPLIED');
  });
});

describe('without its package', () => {
  test('nothing is written: none there, of another grant, of another stack, altered, or signed by a stranger', async () => {
    packaged(10);
    expect(codeOf(await write(10))).toBe('OK_APPLIED');
    const before = await trial.fingerprint({ intents: false });
    const stranger = keyPair();

    rmSync(folder(), { recursive: true });
    await refused(write(11), 3, 'HOLD_EVIDENCE_MISSING');
    packaged(10);
    await refused(write(11), 3, 'HOLD_EVIDENCE_MISSING');
    packaged(11, operatorKey(), { readback: documentOf().readback });
    await refused(write(11), 3, 'HOLD_EVIDENCE_MISSING');
    packaged(11, stranger.privateKey);
    await refused(write(11), 4, 'REJECT_UNKNOWN_SIGNER');
    packaged(11);
    writeFileSync(path.join(folder(), 'manifest.json'), '{}');
    await refused(write(11), 4, 'REJECT_EVIDENCE_ALTERED');
    expect(await trial.fingerprint({ intents: false })).toBe(before);

    packaged(11);
    expect(codeOf(await write(11))).toBe('OK_APPLIED');
  });

  test.each([
    ['another document', ['--doc', 'dot-handbook'], {}, 64, 'ERROR_USAGE'],
    ['another body', ['--doc', EVIDENCE_DOCUMENT], { body: { text: 'anything' } }, 1, 'ERROR_PAYLOAD_INVALID'],
    [
      'another row than the flag says',
      ['--doc', EVIDENCE_DOCUMENT],
      { doc_id: 'dot-handbook' },
      1,
      'ERROR_PAYLOAD_INVALID',
    ],
  ])('nothing is written of %s', async (_, words, changes, exitCode, code) => {
    const args = ['--cloud', '--step', 'W9', '--for', `${STACK}/evidence`, ...words];
    const stdin = { ...recordOf(observed(11)), ...changes };
    await refused(trial.runtime.bin(BIN, args, { stdin }), exitCode, code);
  });
});
