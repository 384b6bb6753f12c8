import { GovernedStep } from './governed-step.ts';

/** H3: the fail-closed fixtures of the handler, in a disposable runtime; nothing is bound before they pass. */
export class HandlerTests extends GovernedStep {}
