import { GovernedStep } from './governed-step.ts';

/** H4: the handler of authorize_build_step, bound by a governed migration. */
export class HandlerBinding extends GovernedStep {}
