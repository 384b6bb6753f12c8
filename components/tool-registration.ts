import { GovernedStep } from './governed-step.ts';

/** W4: the catalogue counted, the eight tool rows, and the catalogue counted again. */
export class ToolRegistration extends GovernedStep {}
