import type { Json } from '../domain/canonical.ts';
import { verdictOf } from '../domain/label.ts';
import { assertReady } from '../domain/readiness/preflight.ts';
import { runReadBin, runtimeConfig } from './kernel/main.ts';
import { readOccasion } from './readiness/occasion.ts';
import { placesOfBin } from './readiness/places.ts';
import { checkExecutor, readChecks } from './readiness/preflight.ts';

/** READY only at 8/8 (readiness.md, "Preflight"). What W8 asks it for comes back in the answer. */
runReadBin<Json>({
  dot: 'DOT_C1_PREFLIGHT',
  summary:
    'Answers READY only when all eight readiness checks hold, each with its evidence; otherwise names the first that does not.',
  examples: ['--cloud', '--cloud --json'],
  flags: () => {},
  ask: readOccasion,
  read: async (client, provenFor): Promise<Json> => {
    const config = runtimeConfig();
    const inside = await readChecks(client);
    const checks = [...inside, await checkExecutor(client, config, placesOfBin().executor)];
    assertReady(checks);
    const held = `${checks.length}/${checks.length}`;
    return { verdict: verdictOf(config.label, 'READY'), held, checks, proven_for: provenFor };
  },
});
