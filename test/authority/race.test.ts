import { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientConfig } from '../../runtime/connect.ts';
import { codeOf } from '../dots/support/rows.ts';
import { renewEvidence } from '../executor/support/c1-runtime.ts';
import { EVIDENCE } from '../executor/support/signers.ts';
import type { GrantTrial } from './support/grant-trial.ts';
import { attemptRun, CONSUME, consumeDeltas, type RawRun } from './support/raw.ts';
import { createVerifierTrial, type VerifierTrial } from './support/verifier.ts';

/** quality.md: of any number who try to use a grant, one does, and every other one is told that it was used. */
let at: VerifierTrial;
let it: GrantTrial;
beforeAll(async () => {
  at = await createVerifierTrial();
  it = at.it;
});
afterAll(() => at?.dispose());

const ALREADY = 'REJECT_AUTH_ALREADY_CONSUMED';

function tally(outcomes: readonly string[]): Readonly<Record<string, number>> {
  const count = (outcome: string) => outcomes.filter((one) => one === outcome).length;
  return Object.fromEntries([...new Set(outcomes)].map((outcome) => [outcome, count(outcome)]));
}

test('1 000 calls of the gateway over 50 connections: one uses it', async () => {
  const { paths, port, database } = it.runtime;
  const login = 'dot_c1_vocab_verify';
  const pool = new Pool({ ...(await clientConfig(paths, { port, database, login })), max: 50 });
  const run: RawRun = { ...CONSUME, deltas: await consumeDeltas(it, at.code), commits: true };
  try {
    const clients = await Promise.all(Array.from({ length: 50 }, () => pool.connect()));
    const outcomes = await Promise.all(
      clients.map(async (client) => {
        const seen: string[] = [];
        for (let calls = 0; calls < 20; calls++) seen.push(await attemptRun(client, 'DOT_C1_VOCAB_VERIFY', run));
        client.release();
        return seen;
      }),
    );
    expect(tally(outcomes.flat())).toEqual({ applied: 1, [ALREADY]: 999 });
  } finally {
    await pool.end();
  }
  expect(await it.grantStatus(at.code)).toBe('consumed');
});

test('20 processes of the verifier: one uses it', async () => {
  const code = await nextGrant();
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => at.consume()));
  expect(tally(outcomes.map(codeOf))).toEqual({ OK_APPLIED: 1, [ALREADY]: 19 });
  expect(await it.grantStatus(code)).toBe('consumed');
});

async function nextGrant(): Promise<string> {
  await it.clear();
  const code = await it.minted();
  await renewEvidence(it.trial, 'trial', EVIDENCE);
  return code;
}
