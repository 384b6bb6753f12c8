import type { ContractRow } from '../payloads.ts';
import { contractRegister } from '../plans/contract-register.ts';
import type { StepPayloads } from './payloads.ts';
import { type Step, type StepRow, slug, stepRow } from './step.ts';

/** W5: what the producer and its verifier may be asked for, by their own DOT (seed 000, W5). */
export function contractStep({ contracts }: StepPayloads): Step {
  return {
    id: 'W5',
    title: 'ContractBinding',
    goal: 'Bind the contracts of DOT_C1_VOCAB_BUILD and DOT_C1_VOCAB_VERIFY, paired with each other and without mutation.',
    dotPaths: ['dot-c1-contract-register'],
    payloadFiles: ['payloads/dot_agent_api_contract_rows.json'],
    rows: contracts.map(contractStepRow),
    readback: 'dot_agent_api_contract 2 → 4, the two of C1 paired, the two of KG byte for byte as they were',
    retire: 'dot-c1-contract-register --retire sets contract_status to retired',
    blastRadius: 'two contract rows; the KG contracts are untouched',
    stops: ['the contract DOT or the DOT of the contract is not born and registered', 'a KG row changes'],
    attack: 'insert a contract by hand',
  };
}

function contractStepRow(payload: ContractRow): StepRow {
  const command = `dot-c1-contract-register --cloud --step W5 --only ${payload.dot_code}`;
  return stepRow({
    type: 'c1:contract:AgentApiContract',
    name: `contract-${slug(payload.dot_code)}`,
    inputs: payload,
    create: command,
    retire: `${command} --retire`,
    dotPlan: contractRegister,
    payload,
  });
}
