import { GovernedStep } from './governed-step.ts';

/** W5: the contracts of the producer and of its verifier. */
export class ContractBinding extends GovernedStep {}
