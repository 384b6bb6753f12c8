import { GovernedStep } from './governed-step.ts';

/** The gate before the first write: it reads, and changes nothing in either direction. */
export class PrewriteGate extends GovernedStep {}
