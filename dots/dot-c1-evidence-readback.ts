import type { Json } from '../domain/canonical.ts';
import { parsePayload } from '../domain/payloads.ts';
import {
  type EvidenceReadback,
  type ReadbackRequest,
  type ReadbackSummary,
  readbackRequest,
} from '../domain/readiness/readback.ts';
import { runReadBin, runtimeConfig } from './kernel/main.ts';
import { readStandardInput } from './kernel/standard-input.ts';
import { placesOfBin } from './readiness/places.ts';
import { readEvidence } from './readiness/readback.ts';

interface Order {
  readonly request: ReadbackRequest | null;
  readonly isWhole: boolean;
}

/** Everything that the runtime can say of itself, of one snapshot (readiness.md, "Evidence package"). */
runReadBin<Order>({
  dot: 'DOT_C1_EVIDENCE_READBACK',
  summary:
    'Reads every C1 surface in one consistent snapshot and holds it against baseline, journal and plan. --whole prints all of it.',
  examples: ['--cloud', '--cloud < planned.json', '--cloud --whole < planned.json'],
  flags: (command) => command.option('--whole', 'print the whole readback, not its summary'),
  ask: async ({ whole }) => {
    const value = await readStandardInput();
    return {
      request: value === undefined ? null : parsePayload(readbackRequest, value, 'request'),
      isWhole: whole === true,
    };
  },
  read: async (client, { request, isWhole }) => {
    const found = await readEvidence(client, runtimeConfig(), placesOfBin(), request);
    return (isWhole ? found : summaryOf(found)) as unknown as Json;
  },
});

function summaryOf(found: EvidenceReadback): ReadbackSummary {
  const { schema, verdict, proven_for, surfaces, runs, ledger, manifest, checks } = found;
  return {
    ...{ schema, verdict, proven_for, checks, runs: runs.length },
    surfaces: surfaces.map(({ surface, before, expected, observed }) => ({ surface, before, expected, observed })),
    ...{ ledger_head: ledger.head, manifest_hash: manifest.hashes.node },
  };
}
