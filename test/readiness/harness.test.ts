import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BAD_INPUTS } from '../../domain/readiness/bad-input.ts';
import { readRuntimeConfig, withConnection } from '../../dots/kernel/connection.ts';
import { runCases } from '../../dots/readiness/harness.ts';
import { GRANTS } from '../dots/support/authority.ts';
import { failure, failureOf, printed } from '../dots/support/rows.ts';
import type { Trial } from '../dots/support/trial.ts';
import { createReadyTrial, type ReadyTrial } from './support/ready.ts';

const BIN = 'dot-c1-bad-input-harness';

let ready: ReadyTrial;
let trial: Trial;
let before: string;
beforeAll(async () => {
  ready = await createReadyTrial();
  trial = ready.trial;
  before = await trial.fingerprint();
}, 120_000);
afterAll(() => ready?.dispose());

const harness = (...words: readonly string[]) => trial.runtime.bin(BIN, ['--cloud', ...words]);

interface Said {
  readonly verdict: string;
  readonly held: string;
  readonly unmoved: number;
  readonly cases: readonly { readonly number: number; readonly code: string; readonly repeat: string }[];
}

const TABLE: readonly (readonly [number, string])[] = [
  [1, 'REJECT_MANIFEST_MISSING'],
  [2, 'REJECT_MANIFEST_HASH_MISMATCH'],
  [3, 'REJECT_ACTION_SET_MISMATCH'],
  [4, 'REJECT_ACTION_SET_MISMATCH'],
  [5, 'REJECT_DUPLICATE_OPERATION'],
  [6, 'REJECT_PROTOCOL_VERSION'],
  [7, 'REJECT_SEMANTIC_REWRITE'],
  [8, 'REJECT_WRONG_CARRIER'],
  [9, 'REJECT_WRONG_LANE'],
  [10, 'REJECT_WRONG_PLAN'],
  [11, 'REJECT_NO_GRANT'],
  [12, 'REJECT_GENERIC_GRANT'],
  [13, 'REJECT_AUTH_EXPIRED'],
  [14, 'REJECT_AUTH_REVOKED'],
  [15, 'REJECT_AUTH_ALREADY_CONSUMED'],
  [16, 'C1_PROD_REAL_RUN_BLOCKED'],
  [17, 'REJECT_PRODUCTION_TARGET'],
  [18, 'REJECT_SCOPE_NOT_C1'],
  [19, 'REJECT_ROLLBACK_DELETE'],
  [20, 'REJECT_AUTH_STALE'],
  [21, 'REJECT_NO_QUORUM'],
  [22, 'REJECT_OWNERSHIP_MISSING'],
  [23, 'REJECT_GRANT_UNBOUND'],
  [24, 'REJECT_MALFORMED_REQUEST'],
];

/** Of all whole runs, in milliseconds: another process on the machine slows one down, not each. */
let least = Number.POSITIVE_INFINITY;

async function whole(): Promise<Said> {
  const began = performance.now();
  const answer = await harness();
  expect([answer.stderr, answer.exitCode]).toEqual([answer.stderr, 0]);
  least = Math.min(least, performance.now() - began);
  expect(Buffer.byteLength(answer.stdout)).toBeLessThan(16 * 1024);
  const said = printed(answer).readback as unknown as Said;
  expect(said).toMatchObject({ verdict: 'REHEARSAL FAIL-CLOSED 24/24', held: '24/24' });
  expect(said.cases.map(({ number, code }) => [number, code])).toEqual(TABLE);
  expect(said.unmoved).toBeGreaterThan(20);
  return said;
}

test('refuses all 24 with their codes, accepts each made good, and moves nothing', async () => {
  const { cases } = await whole();
  expect(cases.map((one) => one.repeat)).toEqual(TABLE.map(([number]) => `${BIN} --cloud --case ${number}`));
  expect(await trial.fingerprint()).toBe(before);
});

test('each refusal leaves the real grant as it is, and shows one case again', async () => {
  for (const [number, code] of TABLE.filter(([one]) => [1, 7, 16, 24].includes(one))) {
    const answer = printed(await harness('--case', String(number)));
    expect(answer.readback).toMatchObject({
      verdict: 'REHEARSAL one case, not the whole: 1/24',
      cases: [{ number, code }],
    });
  }
  expect(await trial.fingerprint()).toBe(before);
});

describe('a case', () => {
  const run = (cases: typeof BAD_INPUTS) =>
    withConnection(readRuntimeConfig(trial.runtime.paths.config), 'dot_c1_bad_input_harness', BIN, async (client) => {
      await client.query('begin isolation level repeatable read read only');
      return runCases(client, readRuntimeConfig(trial.runtime.paths.config), cases);
    });
  const stopped = expect.objectContaining({ code: 'HOLD_BAD_INPUT_HARNESS' });

  test.each(BAD_INPUTS.map((one) => [one.number, one] as const))(
    '%i whose bad half is good, or whose good half is bad, is a HOLD',
    async (_number, one) => {
      await expect(run([{ ...one, bad: (of) => [one.good(of)] }])).rejects.toEqual(stopped);
      const turned = { ...one, good: (of: Parameters<typeof one.good>[0]) => one.bad(of)[0] ?? one.good(of) };
      await expect(run([turned])).rejects.toEqual(stopped);
      await expect(run([{ ...one, bad: () => [] }])).rejects.toEqual(stopped);
      await expect(run([{ ...one, code: 'HOLD_DRIFT' }])).rejects.toEqual(stopped);
      expect(await run([one])).toHaveLength(1);
    },
  );
});

describe('a runtime in which something is wrong', () => {
  test('a grant that is gone: the good halves are refused', async () => {
    await whileGrant(`status = 'revoked'`, async () => {
      expect(failureOf(await harness())).toEqual(failure(3, 'HOLD_BAD_INPUT_HARNESS'));
    });
    await whole();
  });

  test('no executor at the address of the contract', async () => {
    await trial.withConfig({ executor: { host: '127.0.0.1', port: 1 } }, async () => {
      const refused = await harness();
      expect(failureOf(refused)).toEqual(failure(3, 'HOLD_BAD_INPUT_HARNESS'));
      expect(refused.stderr).toContain('ERROR_EXECUTOR_UNHEALTHY');
    });
    await whole();
  });
});

test('after the grant was consumed good halves have a supposed one, and the grant stays consumed', async () => {
  await whileGrant(`status = 'consumed', consumed_at = now()`, async () => {
    const consumed = await trial.fingerprint();
    const { cases } = await whole();
    expect(cases).toHaveLength(24);
    expect(await trial.fingerprint()).toBe(consumed);
  });
  expect(await trial.fingerprint()).toBe(before);
});

test('takes less than two seconds for all 24', () => {
  expect(least).toBeLessThan(2_000);
});

test.each([['0'], ['25'], ['x'], ['1.5']])('--case %s is a usage error', async (number) => {
  expect(failureOf(await harness('--case', number))).toEqual(failure(64, 'ERROR_USAGE'));
});

async function whileGrant(change: string, work: () => Promise<void>): Promise<void> {
  await trial.tamper([GRANTS], `update ${GRANTS} set ${change}`);
  try {
    await work();
  } finally {
    await trial.tamper([GRANTS], `update ${GRANTS} set status = 'active', consumed_at = null, revoked_at = null`);
  }
}
