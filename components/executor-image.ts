import { GovernedStep } from './governed-step.ts';

/** W6: the executor with the C1 branch in use. */
export class ExecutorImage extends GovernedStep {}
