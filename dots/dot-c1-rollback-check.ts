import type { Json } from '../domain/canonical.ts';
import { verdictOf } from '../domain/label.ts';
import { parsePayload } from '../domain/payloads.ts';
import { supersede, type Versions, versions } from '../domain/readiness/supersession.ts';
import { usage } from './kernel/command.ts';
import { runReadBin, runtimeConfig } from './kernel/main.ts';
import { readStandardInput } from './kernel/standard-input.ts';
import { placesOfBin } from './readiness/places.ts';
import { checkRollback } from './readiness/rollback.ts';

/** What is asked: two versions of the vocabulary, or the whole program as it is. */
type Order = { readonly versions: Versions } | null;

/** Every way back, looked at and not walked (readiness.md, "dot-c1-rollback-check"). */
runReadBin<Order>({
  dot: 'DOT_C1_ROLLBACK_CHECK',
  summary:
    'Proves, read-only, that every live row of this program has a way back that would work, and that a delete is refused. --supersession says what retiring a version of the vocabulary would leave.',
  examples: ['--cloud', '--cloud --json', '--cloud --supersession < versions.json'],
  flags: (command) =>
    command.option('--supersession', 'the versions on standard input: {"old": [row, …], "next": [row, …]}'),
  ask: async ({ supersession }) => {
    const value = await readStandardInput();
    if (supersession === true) return { versions: parsePayload(versions, value, 'versions') };
    if (value !== undefined) throw usage('a payload on standard input', 'none, or --supersession');
    return null;
  },
  read: async (client, order): Promise<Json> => {
    if (order !== null) return { ...supersede(order.versions) };
    const { label, limits } = runtimeConfig();
    const found = await checkRollback(client, placesOfBin(), limits.answer);
    return { verdict: verdictOf(label, 'ROLLBACK PATHS WHOLE'), ...(found as unknown as Record<string, Json>) };
  },
});
