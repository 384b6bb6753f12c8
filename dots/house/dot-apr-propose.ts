import { Option } from 'commander';
import {
  type AprRequest,
  PATCH_ACTION,
  type PatchAction,
  type PatchProposal,
  patchOrder,
  requestStatement,
} from '../../domain/apr.ts';
import { C1Error } from '../../domain/codes.ts';
import type { Delta } from '../../domain/deltas.ts';
import { parsePayload } from '../../domain/payloads.ts';
import { aprPropose, patchFor } from '../../domain/plans/apr-propose.ts';
import type { GatewayCall } from '../kernel/gateway.ts';
import { rowCalls } from '../kernel/gateway.ts';
import { runBin, runtimeConfig } from '../kernel/main.ts';
import { readReleased } from '../kernel/release-file.ts';
import { keyFileOf, sign, signersOf, verify } from '../kernel/ssh.ts';

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
  payload: ({ dotCode }, stdin) => proposalOf(dotCode, stdin),
  calls: ({ payload }, deltas, snapshot) =>
    deltas
      .filter(({ surface }) => surface === 'apr_requests')
      .flatMap((delta) => signedCall(delta, patchFor(snapshot, payload))),
});

/** The order names its new content by file and digest; the release has the file. */
function proposalOf(dotCode: unknown, stdin: unknown): PatchProposal {
  const { content_file, new_content_sha256, ...order } = parsePayload(patchOrder, stdin, 'patch');
  if (order.dot_code !== dotCode) {
    throw new C1Error('ERROR_PAYLOAD_INVALID', {
      seen: `patch.dot_code ${order.dot_code} on standard input and ${JSON.stringify(dotCode)} as --dot-code`,
      expected: 'the same in both',
    });
  }
  const content = readReleased(content_file, new_content_sha256);
  return { ...order, new_content_base64: content.toString('base64') };
}

/** The proposer is the principal whose signature the request carries; a withdrawal needs none. */
function signedCall(delta: Delta, proposed_action: PatchAction): readonly GatewayCall[] {
  if (delta.op !== 'insert' || delta.after === null) return rowCalls([delta]);
  const row = { ...delta.after, proposed_action };
  const { operator, secretsDir } = runtimeConfig();
  const signers = signersOf(secretsDir);
  const statement = requestStatement({ ...(row as unknown as AprRequest), proposer: operator });
  const signature = sign(statement, keyFileOf(signers, operator));
  verify(signers, statement, signature, operator);
  return rowCalls([{ ...delta, after: { ...row, proposer: operator, proposer_signature: signature } }]);
}
