import { GovernedStep } from './governed-step.ts';

/** W9: the evidence package, then its entry in the knowledge base; its gate says HALT. */
export class Evidence extends GovernedStep {}
