import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BAD_INPUTS } from '../../domain/readiness/bad-input.ts';
import type { EvidenceDocument } from '../../review/evidence/document.ts';
import { BAD_INPUT_GROUPS, checklist, STEP_ATTACKS, testReportOf } from '../../review/packet/attacks.ts';
import { claimsOf, FOLLOW_ON } from '../../review/packet/claims.ts';
import { documentOf, keyPair, STACK, scratchFolder } from './support/evidence.ts';

const MAIN = path.resolve(import.meta.dirname, '../../cli/main.ts');
const keys = keyPair();
const scratch = scratchFolder();
const file = (name: string) => path.join(scratch.root, name);
beforeAll(() => writeFileSync(file('owner.pem'), keys.publicKey));
afterAll(() => scratch.dispose());

/** With every bad input, as the harness answers. */
function whole(): EvidenceDocument {
  const bad_inputs = BAD_INPUTS.map(({ number, name, code, routes }) => ({
    ...{ number, name, code, refused: 1, accepted: 1, routes: [...routes] },
    repeat: `dot-c1-bad-input-harness --cloud --case ${number}`,
  }));
  return documentOf({ bad_inputs });
}

/** As vitest writes it, wherever the checkout is. */
function reportOf(status: string, files = STEP_ATTACKS.flatMap(({ tests }) => tests)): string {
  const testResults = files.map((name) => ({ name: `/somewhere/else/${name}`, assertionResults: [{ status }] }));
  return JSON.stringify({ testResults });
}

const outcomes = (document: EvidenceDocument, text: string | null) =>
  checklist(document, text === null ? null : testReportOf(text)).map(({ outcome }) => outcome);

describe('the checklist', () => {
  test('is A1 to A18: one line for each attack, then each of the 24 bad inputs in exactly one group', () => {
    const ids = checklist(whole(), null).map(({ id }) => id);
    expect(ids).toEqual(Array.from({ length: 18 }, (_, at) => `A${at + 1}`));
    const numbers = BAD_INPUT_GROUPS.flatMap((group) => [...group.numbers]).toSorted((left, right) => left - right);
    expect(numbers).toEqual(BAD_INPUTS.map(({ number }) => number));
  });

  test('names only tests that there are', () => {
    const files = STEP_ATTACKS.flatMap(({ tests }) => tests);
    expect(files.length).toBeGreaterThan(12);
    expect(files.filter((name) => !existsSync(name))).toEqual([]);
  });

  test('says passed of attacks that were run and of no others', () => {
    expect(outcomes(whole(), null)).toEqual([...Array(13).fill('not executed'), ...Array(5).fill('passed')]);
    expect(outcomes(whole(), reportOf('passed'))).toEqual(Array(18).fill('passed'));
    expect(
      outcomes(whole(), reportOf('passed', ['test/attacks/w4.test.ts'])).filter((one) => one === 'passed'),
    ).toHaveLength(6);
    const [a4] = STEP_ATTACKS.filter(({ id }) => id === 'A4');
    const half = checklist(whole(), testReportOf(reportOf('passed', a4?.tests.slice(1))));
    expect(half.find(({ id }) => id === 'A4')).toMatchObject({ outcome: 'not executed', checked: 0 });
  });

  test('says failed where one test did not pass, and skipped ones are none that did', () => {
    const [first] = STEP_ATTACKS;
    const name = first?.tests[0] ?? '';
    const mixed = { testResults: [{ name, assertionResults: [{ status: 'passed' }, { status: 'failed' }] }] };
    expect(outcomes(whole(), JSON.stringify(mixed))[0]).toBe('failed');
    expect(outcomes(whole(), reportOf('failed'))[0]).toBe('failed');
    expect(outcomes(whole(), reportOf('skipped'))[0]).toBe('not executed');
    const left = { testResults: [{ name, assertionResults: [{ status: 'passed' }, { status: 'pending' }] }] };
    expect(outcomes(whole(), JSON.stringify(left))[0]).toBe('not executed');
  });

  test('says not executed of a group with a case left out or never sent', () => {
    const document = whole();
    const without = { ...document, bad_inputs: document.bad_inputs.filter(({ number }) => number !== 16) };
    expect(outcomes(without, null)[16]).toBe('not executed');
    const unsent = { ...document, bad_inputs: document.bad_inputs.map((one) => ({ ...one, refused: 0 })) };
    expect(outcomes(unsent, null).slice(13)).toEqual(Array(5).fill('not executed'));
  });
});

test('every claim has what is in the evidence and a command', () => {
  const claims = claimsOf(whole(), 'evidence');
  expect(claims.length).toBeGreaterThan(10);
  for (const { claim, seen, command } of claims) {
    expect([claim, claim !== '' && command !== '']).toEqual([claim, true]);
    expect([claim, typeof seen]).toEqual([claim, 'string']);
  }
});

describe('c1 review-packet', () => {
  const packet = async (...words: readonly string[]) => {
    const args = [MAIN, 'review-packet', '--key', file('owner.pem'), '--out', file('packet.md'), ...words];
    const env = { NO_COLOR: '1', C1_STATE_DIR: file('no-state') };
    const { exitCode, stdout, stderr } = await execa(process.execPath, args, { reject: false, env });
    return { exitCode, stdout, stderr };
  };

  test('writes one page: verdict, both results, claims, checklist, and what is not part of a dry run', async () => {
    writeFileSync(file('attacks.json'), reportOf('passed'));
    const folder = scratch.package(keys, whole());
    const { exitCode, stderr, stdout } = await packet('--evidence', folder, '--tests', file('attacks.json'), '--json');
    expect([exitCode, stderr]).toEqual([0, '']);
    const said = JSON.parse(stdout);
    expect(said).toMatchObject({ code: 'OK_READ', stack: STACK, engineering: 'PASS' });
    expect(said.authority).toMatch(/^NOT PASS: a rehearsal on staging/);
    const page = readFileSync(file('packet.md'), 'utf8');
    expect(page).toContain('Checklist: 18 of 18 passed');
    expect(page).toContain(said.evidence_digest);
    for (const line of FOLLOW_ON) expect(page).toContain(`- ${line}`);
    expect(page).toContain('**REHEARSAL, no governed proof:**');
  });

  test('is not made of evidence that does not hold, or of a report that is none', async () => {
    const folder = scratch.package(keys, whole());
    writeFileSync(path.join(folder, 'manifest.json'), '{}');
    const altered = await packet('--evidence', folder);
    expect([altered.exitCode, altered.stderr.split(':')[0]]).toEqual([4, 'REJECT_EVIDENCE_ALTERED']);
    const good = scratch.package(keys, whole());
    const unread = await packet('--evidence', good, '--tests', file('owner.pem'));
    expect([unread.exitCode, unread.stderr.split(':')[0]]).toEqual([1, 'ERROR_READ_FAILED']);
    expect((await packet('--evidence', good)).exitCode).toBe(0);
  });
});
