import { InvalidArgumentError, Option } from 'commander';
import { DEFAULT_TTL_S, type GrantOrder, grantOrder, LONGEST_TTL_S } from '../domain/grant.ts';
import { type GrantAsked, grantActionFor, grantIssue } from '../domain/plans/grant-issue.ts';
import { usage } from './kernel/command.ts';
import { runBin } from './kernel/main.ts';
import { proposalCalls } from './kernel/propose.ts';
import { rowPayload } from './kernel/row-payload.ts';

/**
 * The issuer: it asks the owners, and never inserts a grant (authority.md). The order comes on standard input; flags say
 * the same of it. --retire withdraws a request that nobody acted on, and revokes a grant at once.
 */
runBin<GrantAsked>({
  plan: grantIssue,
  kind: ({ direction }) => (direction === 'apply' ? 'propose' : 'step'),
  summary:
    'Asks the owners for the build grant of C1: a signed approval request (APR). It mints nothing; --retire revokes.',
  examples: [
    '--cloud --step W7 --for dryrun/grant-request --manifest-hash <sha256> --owner governance_owner --dry-run < order.json',
    '--cloud --step W7 --for dryrun/grant-request --manifest-hash <sha256> --owner governance_owner < order.json',
    '--cloud --step W7 --for dryrun/grant --retire',
  ],
  direction: 'both',
  hasDryRun: true,
  dryRunSays: 'would propose, and mint nothing',
  flags: (command) =>
    command
      .addOption(new Option('--manifest-hash <sha256>', 'of the manifest that the grant is bound to'))
      .addOption(new Option('--owner <principal>', 'who answers for what is built'))
      .addOption(
        new Option(
          '--ttl <seconds>',
          `life of the grant, at most ${LONGEST_TTL_S}; ${DEFAULT_TTL_S} in the order of C1`,
        ).argParser(wholeOf),
      )
      .option('--after-denials <n>', 'how many requests for it came to nothing before; for the record'),
  payload: ({ retire, manifestHash, owner, ttl }, stdin) => {
    if (retire === true) return null;
    if (manifestHash === undefined || owner === undefined) throw usage('no --manifest-hash or no --owner', 'both');
    return rowPayload<GrantOrder>(grantOrder, 'order', { manifest_hash: manifestHash, owner, ttl_seconds: ttl }, stdin);
  },
  calls: ({ payload, direction }, deltas, snapshot) =>
    payload === null || direction === 'retire' ? null : proposalCalls(deltas, () => grantActionFor(snapshot, payload)),
});

function wholeOf(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number of seconds is expected.');
}
