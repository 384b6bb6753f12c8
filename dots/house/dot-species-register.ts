import { speciesRow } from '../../domain/payloads.ts';
import { speciesRegister } from '../../domain/plans/species-register.ts';
import { runBin } from '../kernel/main.ts';
import { rowPayload } from '../kernel/row-payload.ts';

runBin({
  plan: speciesRegister,
  summary: 'Registers a species, or brings a retired one of the same owner back.',
  examples: ['--cloud --step W2 --for dryrun/species --code gov-canonical-op-vocab < payloads/species.json'],
  direction: 'apply',
  hasDryRun: true,
  flags: (command) => command.requiredOption('--code <code>', 'species code'),
  payload: ({ code }, stdin) => rowPayload(speciesRow, 'species', { code }, stdin),
});
