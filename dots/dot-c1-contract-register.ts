import { Option } from 'commander';
import { CONTRACTED_DOT_CODES } from '../domain/dots.ts';
import { type ContractRow, contractRow } from '../domain/payloads.ts';
import { contractRegister } from '../domain/plans/contract-register.ts';
import { runBin } from './kernel/main.ts';
import { rowPayload } from './kernel/row-payload.ts';

runBin<ContractRow>({
  plan: contractRegister,
  summary: 'Registers the contract of the C1 producer or of its verifier; --retire sets its status to retired.',
  examples: ['--cloud --step W5 --for dryrun/contract --only DOT_C1_VOCAB_BUILD < row.json'],
  direction: 'both',
  hasDryRun: true,
  flags: (command) =>
    command.addOption(
      new Option('--only <code>', 'whose contract').choices(CONTRACTED_DOT_CODES).makeOptionMandatory(),
    ),
  payload: ({ only }, stdin) => rowPayload(contractRow, 'contract', { dot_code: only }, stdin),
});
