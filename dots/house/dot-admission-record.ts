import { admissionRow } from '../../domain/payloads.ts';
import { admissionRecord } from '../../domain/plans/admission-record.ts';
import { runBin } from '../kernel/main.ts';
import { rowPayload } from '../kernel/row-payload.ts';

runBin({
  plan: admissionRecord,
  summary: 'Writes the admission of one DOT that was born before.',
  examples: ['--cloud --step W2 --for dryrun/admission --only DOT_C1_VOCAB_BUILD < admission.json'],
  direction: 'apply',
  hasDryRun: true,
  flags: (command) => command.requiredOption('--only <code>', 'code of the DOT that is admitted'),
  payload: ({ only }, stdin) => rowPayload(admissionRow, 'admission', { dot_code: only }, stdin),
});
