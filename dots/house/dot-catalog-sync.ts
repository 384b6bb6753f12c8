import { catalogueSync } from '../../domain/plans/catalogue-reconcile.ts';
import { catalogueOption, cataloguePayload } from '../kernel/catalogue.ts';
import { runBin } from '../kernel/main.ts';

runBin({
  plan: catalogueSync,
  summary: 'Counts the live tools into the catalogue of DOTs; --retire counts once more and releases the row.',
  examples: ['--cloud --step W4 --for dryrun/catalogue --code CAT-006'],
  direction: 'both',
  hasDryRun: true,
  flags: (command) => command.addOption(catalogueOption()),
  payload: cataloguePayload,
});
