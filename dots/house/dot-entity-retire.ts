import { Option } from 'commander';
import { z } from 'zod';
import { parsePayload } from '../../domain/payloads.ts';
import { entityRetire, RETIRABLE_SURFACES } from '../../domain/plans/entity-retire.ts';
import { runBin } from '../kernel/main.ts';

const entity = z.strictObject({ surface: z.enum(RETIRABLE_SURFACES), key: z.string().regex(/^[A-Za-z0-9_-]{1,63}$/) });

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
  // The row that Pulumi still sends on standard input is the applied one; the live row is what counts here.
  payload: ({ surface, key }) => parsePayload(entity, { surface, key }, 'entity'),
});
