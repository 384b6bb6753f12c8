import { ledgerRow } from '../../domain/payloads.ts';
import { ledgerAppend } from '../../domain/plans/ledger-append.ts';
import { gatewayCall } from '../kernel/gateway.ts';
import { runBin } from '../kernel/main.ts';
import { rowPayload } from '../kernel/row-payload.ts';

runBin({
  plan: ledgerAppend,
  summary: 'Enters the admission of one DOT in the handbook; --retire appends the entry that supersedes it.',
  examples: ['--cloud --step W2 --for dryrun/ledger --only DOT_C1_VOCAB_BUILD'],
  direction: 'both',
  hasDryRun: true,
  flags: (command) => command.requiredOption('--only <code>', 'code of the DOT that is entered'),
  payload: ({ only }, stdin) => rowPayload(ledgerRow, 'ledger', { dot_code: only }, stdin),
  calls: ({ payload }) => [gatewayCall('dot_ledger_append_admission', [payload.dot_code])],
});
