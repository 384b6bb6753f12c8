import { GovernedStep } from './governed-step.ts';

/** W8: preflight and bad inputs, asked anew whenever a step's definition or a generation changes. */
export class Readiness extends GovernedStep {}
