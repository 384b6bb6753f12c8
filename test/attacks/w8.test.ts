import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failure, failureOf, printed } from '../dots/support/rows.ts';
import type { Trial } from '../dots/support/trial.ts';
import { createReadyTrial, type ReadyTrial } from '../readiness/support/ready.ts';

/** W8's attack: something between the question and the answer fails open, and readiness is to believe it. */
let ready: ReadyTrial;
let trial: Trial;
let before: string;
beforeAll(async () => {
  ready = await createReadyTrial();
  trial = ready.trial;
  before = await trial.fingerprint();
}, 120_000);
afterAll(() => ready?.dispose());

const HARNESS = 'dot-c1-bad-input-harness';
const LOOKS = ['dot-c1-preflight', HARNESS, 'dot-c1-evidence-readback', 'dot-c1-rollback-check'];
const YES = {
  validated: true,
  endpoint_present: true,
  true_dry_run_possible: true,
  writes_db: false,
  write_obs: false,
};

/** An executor that answers everybody alike, while `work` runs. */
async function whileAnswering(status: number, body: object, work: () => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await trial.withConfig({ executor: { host: '127.0.0.1', port } }, work);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const refusal = (code: string, seen: string) => ({
  code,
  error: { code, message: `${code}: seen ${seen}, expected x. Next: y.` },
});

test.each([
  ['accepts everything', 200, YES],
  ['refuses everything alike', 422, refusal('REJECT_MALFORMED_REQUEST', 'nothing')],
  ['refuses and hands out a digest', 422, refusal('REJECT_MANIFEST_MISSING', 'a'.repeat(64))],
  ['refuses and says PASS', 422, refusal('REJECT_MANIFEST_MISSING', 'PASS')],
])('an executor that %s proves nothing', async (_title, status, body) => {
  await whileAnswering(status, body, async () => {
    const answer = await trial.runtime.bin(HARNESS, ['--cloud']);
    expect([answer.stderr, failureOf(answer)]).toEqual([answer.stderr, failure(3, 'HOLD_BAD_INPUT_HARNESS')]);
    expect(answer.stderr).toContain('case 1, ');
  });
  expect(printed(await trial.runtime.bin(HARNESS, ['--cloud'])).readback).toMatchObject({ held: '24/24' });
});

test('no look of W8 writes anything, whatever comes of it', async () => {
  for (const bin of LOOKS) await trial.runtime.bin(bin, ['--cloud']);
  expect(await trial.fingerprint()).toBe(before);
});
