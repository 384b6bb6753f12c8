import { InvalidArgumentError, Option } from 'commander';
import type { Json } from '../domain/canonical.ts';
import { verdictOf } from '../domain/label.ts';
import { BAD_INPUT_COUNT, BAD_INPUTS } from '../domain/readiness/bad-input.ts';
import { assertWhole } from '../domain/readiness/harness.ts';
import { BEGIN_READ } from './kernel/connection.ts';
import { runReadBin, runtimeConfig } from './kernel/main.ts';
import { runCases } from './readiness/harness.ts';
import { readOccasion } from './readiness/occasion.ts';
import { assertUnmoved, readMarks } from './readiness/unmoved.ts';

interface Order {
  /** Null for all of them. */
  readonly only: number | null;
  readonly provenFor: Json;
}

/** The 24 bad inputs and their good halves (readiness.md); --case shows one of them again, and proves nothing. */
runReadBin<Order>({
  dot: 'DOT_C1_BAD_INPUT_HARNESS',
  summary:
    'Sends the 24 bad inputs and their good halves through the real routes: each is refused with its code, and nothing moves.',
  examples: ['--cloud', '--cloud --case 7'],
  flags: (command) =>
    command.addOption(
      new Option('--case <number>', `one of the ${BAD_INPUT_COUNT}, to see it again; no proof of the whole`).argParser(
        numberOf,
      ),
    ),
  ask: async (flags) => ({ only: (flags.case as number | undefined) ?? null, provenFor: await readOccasion() }),
  read: async (client, { only, provenFor }): Promise<Json> => {
    const config = runtimeConfig();
    const before = await readMarks(client);
    const cases = await runCases(
      client,
      config,
      BAD_INPUTS.filter(({ number }) => only === null || number === only),
    );
    if (only === null) assertWhole(cases);
    // In a snapshot of its own: that of the cases would see nothing that was written beside it.
    await client.query('commit');
    await client.query(BEGIN_READ);
    const unmoved = assertUnmoved(before, await readMarks(client));
    const held = `${cases.length}/${BAD_INPUT_COUNT}`;
    const verdict = verdictOf(config.label, only === null ? `FAIL-CLOSED ${held}` : `one case, not the whole: ${held}`);
    return {
      verdict,
      held,
      unmoved,
      cases: cases.map((one) => ({ ...one, routes: [...one.routes] })),
      proven_for: provenFor,
    };
  },
});

function numberOf(text: string): number {
  const number = Number(text);
  if (/^[0-9]{1,2}$/.test(text) && number >= 1 && number <= BAD_INPUT_COUNT) return number;
  throw new InvalidArgumentError(`a number from 1 to ${BAD_INPUT_COUNT} is expected.`);
}
