import { C1Error } from '../codes.ts';
import { C1_DOT_CODES, CONTRACTED_DOT_CODES } from '../dots.ts';
import type { GrantTerms } from '../grant.ts';
import type { AdmissionRow, BirthRow, ContractRow, DotToolRow, OwnershipRow, SpeciesRow } from '../payloads.ts';

/** What `payloads/*.json` holds. */
export interface StepPayloads {
  readonly species: SpeciesRow;
  readonly births: readonly BirthRow[];
  readonly admissions: readonly AdmissionRow[];
  readonly tools: readonly DotToolRow[];
  readonly contracts: readonly ContractRow[];
  readonly grant: GrantTerms;
  readonly ownership: OwnershipRow;
}

/** @throws C1Error ERROR_PAYLOAD_INVALID when a file does not name its DOTs once each */
export function assertPayloads({ births, admissions, tools, contracts }: StepPayloads): void {
  assertNames(
    'birth_records',
    births.map(({ dot_code }) => dot_code),
    'the eight C1 DOTs',
    C1_DOT_CODES,
  );
  assertNames(
    'admission_records',
    admissions.map(({ dot_code }) => dot_code),
    'the eight C1 DOTs',
    C1_DOT_CODES,
  );
  assertNames(
    'dot_tools_rows',
    tools.map(({ code }) => code),
    'the eight C1 DOTs',
    C1_DOT_CODES,
  );
  assertNames(
    'dot_agent_api_contract_rows',
    contracts.map(({ dot_code }) => dot_code),
    'the pair',
    CONTRACTED_DOT_CODES,
  );
}

function assertNames(file: string, seen: readonly string[], what: string, expected: readonly string[]): void {
  if (seen.toSorted().join() === expected.toSorted().join()) return;
  throw new C1Error('ERROR_PAYLOAD_INVALID', {
    seen: `payloads/${file}.json with ${seen.join(', ')}`,
    expected: `${what} once each: ${expected.join(', ')}`,
  });
}
