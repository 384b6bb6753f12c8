import { Option } from 'commander';
import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import { parsePayload } from '../../domain/payloads.ts';
import { entityRetire, RETIRABLE_SURFACES } from '../../domain/plans/entity-retire.ts';
import { runBin } from '../kernel/main.ts';

const entity = z.strictObject({
  surface: z.enum(RETIRABLE_SURFACES),
  key: z.string().check(z.regex(/^[A-Za-z0-9_-]{1,63}$/)),
});

runBin({
  plan: entityRetire,
  summary: 'Retires a species, a birth or an admission: a status change, only by the resource that claims the row.',
  examples: ['--cloud --step W2 --for dryrun/species --surface species --key gov-canonical-op-vocab'],
  direction: 'retire',
  hasDryRun: true,
  flags: (command) =>
    command
      .addOption(
        new Option('--surface <surface>', 'where the row is').choices(RETIRABLE_SURFACES).makeOptionMandatory(),
      )
      .requiredOption('--key <key>', 'key of the row'),
  payload: ({ surface, key }, stdin) => {
    const payload = parsePayload(entity, { surface, key }, 'entity');
    if (stdin !== undefined) assertSameKey(payload, stdin);
    return payload;
  },
});

/**
 * Pulumi still sends the row as it was applied, perhaps by an older version with other columns: the live row is what counts
 * here, and only the key is compared.
 */
function assertSameKey({ surface, key }: z.infer<typeof entity>, stdin: unknown): void {
  const column = surface === 'species' ? 'code' : 'dot_code';
  const row = parsePayload(z.looseObject({ [column]: z.string() }), stdin, surface);
  if (row[column] === key) return;
  throw new C1Error('ERROR_PAYLOAD_INVALID', {
    seen: `${surface}.${column} ${JSON.stringify(row[column])} on standard input and ${JSON.stringify(key)} as --key`,
    expected: 'the same in both',
  });
}
