import { GovernedStep } from './governed-step.ts';

/** W2: the species and, for each of the eight DOTs, its birth, its admission and its handbook entry. */
export class Admission extends GovernedStep {}
