import { baselineRow } from '../../domain/payloads.ts';
import { baselineRecord } from '../../domain/plans/baseline-record.ts';
import { gatewayCall } from '../kernel/gateway.ts';
import { runBin } from '../kernel/main.ts';
import { rowPayload } from '../kernel/row-payload.ts';

runBin({
  plan: baselineRecord,
  summary:
    'Records counters and a digest of every surface, against which the rest is proven unchanged; --retire closes it.',
  examples: ['--cloud --step BASELINE --for dryrun/baseline'],
  direction: 'both',
  hasDryRun: true,
  flags: () => {},
  payload: (_flags, stdin) => rowPayload(baselineRow, 'baseline', { runtime: 'c1' }, stdin),
  calls: ({ direction, claimant }) => [
    gatewayCall('baseline_write', [claimant.stack, direction === 'apply' ? 'open' : 'closed']),
  ],
});
