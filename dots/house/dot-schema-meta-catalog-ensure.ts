import { catalogueEnsure } from '../../domain/plans/catalogue-reconcile.ts';
import { catalogueOption, cataloguePayload } from '../kernel/catalogue.ts';
import { runBin } from '../kernel/main.ts';

runBin({
  plan: catalogueEnsure,
  summary: 'Makes the catalogue of DOTs count the tools that are live; dot-catalog-sync --retire releases it.',
  examples: ['--cloud --step W4 --for dryrun/catalogue --code CAT-006'],
  direction: 'apply',
  hasDryRun: true,
  flags: (command) => command.addOption(catalogueOption()),
  payload: cataloguePayload,
});
