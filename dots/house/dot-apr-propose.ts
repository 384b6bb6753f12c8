import { Option } from 'commander';
import { PATCH_ACTION, type PatchProposal, patchOrder } from '../../domain/apr.ts';
import { C1Error } from '../../domain/codes.ts';
import { parsePayload } from '../../domain/payloads.ts';
import { aprPropose, patchFor } from '../../domain/plans/apr-propose.ts';
import { runBin } from '../kernel/main.ts';
import { proposalCalls } from '../kernel/propose.ts';
import { readReleased } from '../kernel/release-file.ts';

runBin<PatchProposal>({
  plan: aprPropose,
  kind: 'propose',
  summary: 'Asks the owners for a patch of one DOT: a signed approval request (APR). Nothing is patched by it.',
  examples: [
    '--cloud --step W1 --for dryrun/registrar-request --action patch_ops_code --dot-code DOT-REGISTER < order.json',
  ],
  direction: 'both',
  hasDryRun: true,
  flags: (command) =>
    command
      .addOption(new Option('--action <code>', 'what is asked for').choices([PATCH_ACTION]).makeOptionMandatory())
      .requiredOption('--dot-code <code>', 'the DOT that the patch is of')
      .option('--after-denials <n>', 'how many requests for it owners denied before; for the record'),
  payload: ({ dotCode, retire }, stdin) => proposalOf(dotCode, stdin, retire === true),
  calls: ({ payload }, deltas, snapshot) => proposalCalls(deltas, () => patchFor(snapshot, payload)),
});

/**
 * The order names its new content by file and digest; the release has the file. A withdrawal is about the live request of
 * the DOT, whatever a newer release has by then.
 */
function proposalOf(dotCode: unknown, stdin: unknown, isRetire: boolean): PatchProposal {
  const { content_file, new_content_sha256, ...order } = parsePayload(patchOrder, stdin, 'patch');
  if (order.dot_code !== dotCode) {
    throw new C1Error('ERROR_PAYLOAD_INVALID', {
      seen: `patch.dot_code ${order.dot_code} on standard input and ${JSON.stringify(dotCode)} as --dot-code`,
      expected: 'the same in both',
    });
  }
  if (isRetire) return { ...order, new_content_base64: '' };
  const content = readReleased(content_file, new_content_sha256);
  return { ...order, new_content_base64: content.toString('base64') };
}
