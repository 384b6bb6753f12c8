import { GovernedStep } from './governed-step.ts';

/** H1: the approved patch of dot-apr-execute, which brings the handler. */
export class HandlerPatch extends GovernedStep {}
