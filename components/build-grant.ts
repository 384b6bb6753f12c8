import { GovernedStep } from './governed-step.ts';

/** W7: the one build grant, minted from an approved request, and the owner of the vocabulary table. */
export class BuildGrant extends GovernedStep {}
