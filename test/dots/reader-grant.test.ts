import { afterAll, beforeAll, expect, test } from 'vitest';
import { GrantTrial } from '../authority/support/grant-trial.ts';
import { must } from './support/registrar.ts';
import { failure, failureOf, lifeOf, mustRun } from './support/rows.ts';

/** What the open of W7 asks of whoever is to ask for the grant, and its gate of what was minted. */
const ISSUER = 'dot-c1-grant-issue';
const BINS = ['dot-species-register'];
/** Its reason, birth, admission, tool row, catalogue, the two entries, its retire path. */
const PARTS = 8;
const MINTED = { apr_requests: 1, governance_build_authorization: 1, dot_ledger: 1 };
const OWNED = { governance_object_ownership: 1, dot_ledger: 1 };
const EXPECTED = { ...MINTED, ...OWNED, dot_ledger: 2 };

let it: GrantTrial;
beforeAll(async () => {
  it = await GrantTrial.create({ contracts: true });
});
afterAll(() => it?.dispose());

const open = () => it.runtime.reader(['open', '--step', 'W7'], { stdin: { bins: BINS, checks: ['issuer'] } });
const gate = (expected: object = EXPECTED) =>
  it.runtime.reader(['gate', '--step', 'W7'], { stdin: { expected, checks: ['grant'] } });

test('a part of its life missing, the issuer asks for nothing: the hold names each part', async () => {
  const life = [...lifeOf(ISSUER), `tool-${ISSUER}`, 'catalogue-sync'];
  const missing: string[] = [];
  for (const row of life) {
    const held = await open();
    expect(failureOf(held)).toEqual(failure(3, 'C1_GRANT_ISSUER_HOLD_DOT_LIFECYCLE_INCOMPLETE'));
    missing.push(/ without (.*), expected/.exec(held.stderr)?.[1] ?? held.stderr);
    await mustRun(it.trial, row, 'create');
  }
  expect(missing).toEqual([
    'reason why no other DOT does it, birth, admission, tool row, catalogue, admission entry, registration entry, retire path',
    'admission, tool row, catalogue, admission entry, registration entry, retire path',
    'tool row, catalogue, admission entry, registration entry',
    'tool row, catalogue, registration entry',
    'catalogue',
  ]);
  const whole = await open();
  expect(whole.stderr).toBe('');
  const unasked = await it.runtime.reader(['open', '--step', 'W7'], { stdin: { bins: BINS } });
  expect(JSON.parse(whole.stdout).checked).toBe(JSON.parse(unasked.stdout).checked + PARTS);
});

test('the gate passes with the one grant that the verifier takes, and stops on everything else', async () => {
  expect(failureOf(await gate({}))).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
  await it.minted();
  // The verifier's own refusal, for what the step has still to bring.
  expect(failureOf(await gate(MINTED))).toEqual(failure(4, 'REJECT_OWNERSHIP_MISSING'));
  await mustRun(it.trial, 'ownership', 'create');
  const passed = await gate();
  expect(passed.stderr).toBe('');
  expect(JSON.parse(passed.stdout).checked).toBeGreaterThan(20);
});

test('a grant that was revoked is none, and one that is asked for anew is the one', async () => {
  must(await it.retire());
  const revoked = await gate(OWNED);
  expect(failureOf(revoked)).toEqual(failure(3, 'HOLD_COUNTER_DRIFT'));
  expect(revoked.stderr).toContain('seen 0 live grants of C1, 0 used or over, 0 applied requests');
  await it.minted();
  expect((await gate()).stderr).toBe('');
});
