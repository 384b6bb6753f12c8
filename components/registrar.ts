import { GovernedStep } from './governed-step.ts';

/** W1: the approved patch of the registrar, and the eight files that come with it. */
export class Registrar extends GovernedStep {}
