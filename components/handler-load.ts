import { GovernedStep } from './governed-step.ts';

/** H2: the first pass of the new dot-apr-execute; it reads, and changes nothing in either direction. */
export class HandlerLoad extends GovernedStep {}
