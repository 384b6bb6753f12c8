import { GovernedStep } from './governed-step.ts';

/** The first step: counters and a digest per surface, before anything is written. */
export class Baseline extends GovernedStep {}
