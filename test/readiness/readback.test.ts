import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPlannedDeltas } from '../../components/input-files.ts';
import { plannedBySteps } from '../../domain/planned-deltas.ts';
import { type EvidenceReadback, evidenceReadback, readbackSummary } from '../../domain/readiness/readback.ts';
import { STEP_IDS } from '../../domain/steps/step.ts';
import { printed } from '../dots/support/rows.ts';
import type { Trial } from '../dots/support/trial.ts';
import { createWholeTrial, type ReadyTrial } from './support/ready.ts';

const BIN = 'dot-c1-evidence-readback';

let ready: ReadyTrial;
let trial: Trial;
let before: string;
let request: Readonly<Record<string, unknown>>;
beforeAll(async () => {
  ready = await createWholeTrial();
  trial = ready.trial;
  before = await trial.fingerprint();
  const planned = plannedBySteps(await readPlannedDeltas('planned-deltas.yaml'), STEP_IDS);
  request = { definitions: { W7: 'a'.repeat(64) }, grant_generation: 1, planned };
}, 180_000);
afterAll(() => ready?.dispose());

const readback = (stdin?: unknown, ...flags: readonly string[]) =>
  trial.runtime.bin(BIN, ['--cloud', ...flags], stdin === undefined ? {} : { stdin });

async function whole(stdin: unknown = request): Promise<EvidenceReadback> {
  const answer = await readback(stdin, '--whole');
  expect([answer.stderr, answer.exitCode]).toEqual([answer.stderr, 0]);
  return evidenceReadback.parse(printed(answer).readback);
}

test('shows it', async () => {
  const began = performance.now();
  const answer = await readback(request, '--whole');
  console.log(answer.stderr, answer.stdout.length, performance.now() - began);
  const { readFileSync, writeFileSync } = await import('node:fs');
  writeFileSync('/tmp/i7p-readback.json', answer.stdout);
  const found = await whole();
  expect(found.checks).toEqual([]);
});
