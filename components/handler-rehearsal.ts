import { GovernedStep } from './governed-step.ts';

/** H6: from the issuer to the handler without a write, in a disposable runtime. */
export class HandlerRehearsal extends GovernedStep {}
