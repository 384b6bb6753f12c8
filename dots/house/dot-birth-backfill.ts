import { birthRow } from '../../domain/payloads.ts';
import { birthBackfill } from '../../domain/plans/birth-backfill.ts';
import { runBin } from '../kernel/main.ts';
import { rowPayload } from '../kernel/row-payload.ts';

runBin({
  plan: birthBackfill,
  summary: 'Writes the birth of one DOT.',
  examples: ['--cloud --step W2 --for dryrun/birth --only DOT_C1_VOCAB_BUILD < birth.json'],
  direction: 'apply',
  hasDryRun: true,
  flags: (command) => command.requiredOption('--only <code>', 'code of the DOT that is born'),
  payload: ({ only }, stdin) => rowPayload(birthRow, 'birth', { dot_code: only }, stdin),
});
