import { binOf, linesOf, requestOf } from '../command.ts';
import type { Declared, ResourceRule } from '../rule.ts';

const CONTRACT_TYPE = 'c1:contract:AgentApiContract';
const REGISTER = 'dot-c1-contract-register';

/** Looks at the row that a reviewer sees and at the request that the bin takes: neither may say something else. */
export const contractsWithoutMutation: ResourceRule = {
  name: 'contracts-without-mutation',
  description: 'Every contract keeps no_mutation_assertion=true and fails closed.',
  next: 'put no_mutation_assertion back to true in payloads/dot_agent_api_contract_rows.json',
  check: (resource) => {
    const row = contractIn(resource);
    if (row === undefined) return [];
    const [seen, behaviour] = [row?.no_mutation_assertion, row?.error_behavior];
    if (seen === true && behaviour === 'fail_closed_no_mutation') return [];
    return [
      {
        seen: `${resource.name} with no_mutation_assertion=${seen} and error_behavior=${behaviour}`,
        expected: 'true and fail_closed_no_mutation',
      },
    ];
  },
};

/** Undefined where the resource is about no contract; null where it is and brings none. */
function contractIn(resource: Declared): Readonly<Record<string, unknown>> | null | undefined {
  if (resource.type === CONTRACT_TYPE) return resource.inputs;
  return linesOf(resource).some(([, line]) => binOf(line) === REGISTER) ? requestOf(resource) : undefined;
}
